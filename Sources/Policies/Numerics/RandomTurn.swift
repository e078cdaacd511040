import Attention

/// A rotation by random signs and Hadamard matrices, which spreads what a vector has in few channels over all of them.
struct RandomTurn: Sendable {
  private let signs: [Float]
  /// Channels that a matrix turns together: the largest power of two that divides their number.
  private let piece: Int

  init(width: Int, seed: UInt64) {
    var generator = SplitMix64(seed: seed, 0x9A15)
    signs = (0..<width).map { _ in generator.next() >> 63 == 0 ? 1 : -1 }
    piece = max(1, width & -width)
  }

  /// How much longer a vector becomes: the matrices hold ones, so that small whole numbers stay exact.
  var stretch: Float { Float(piece).squareRoot() }

  func turn(_ vector: UnsafeMutablePointer<Float>) {
    for c in signs.indices { vector[c] *= signs[c] }
    HadamardRotation.multiply(vector, count: signs.count, width: piece)
  }
}
