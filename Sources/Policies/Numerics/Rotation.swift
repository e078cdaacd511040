/// Rotary position embedding of a group: turns vectors to a position, or back.
struct Rotation {
  let chunks: RopeChunks
  /// Radians per token of each chunk.
  let frequencies: [Double]

  init(_ group: GroupContext) {
    chunks = group.chunks
    // Rounded, so that the last bit of a C library's power does not matter.
    frequencies = group.frequencies.map { Double(Float($0)) }
  }

  /// Turns a vector by `position` tokens, in place; negative turns it back.
  func turn(_ vector: UnsafeMutablePointer<Float>, by position: Int) {
    for (chunk, frequency) in frequencies.enumerated() {
      let (sin, cos) = PortableMath.sinCos(Double(position) * frequency)
      let (i, j) = channels(chunk)
      let (x, y) = (Double(vector[i]), Double(vector[j]))
      vector[i] = Float(x * cos - y * sin)
      vector[j] = Float(x * sin + y * cos)
    }
  }

  /// The two channels of a chunk.
  func channels(_ chunk: Int) -> (Int, Int) {
    switch chunks.pairing {
    case .half: (chunk, chunk + chunks.rotaryDim / 2)
    case .interleaved: (2 * chunk, 2 * chunk + 1)
    }
  }

  /// Mean of cos and sin of the angles of `distances` tokens, for each chunk: what the mean rotation does.
  func meanTurn(over distances: some Collection<Int>) -> [(cos: Double, sin: Double)] {
    frequencies.map { frequency in
      var (c, s) = (0.0, 0.0)
      for distance in distances {
        let (sin, cos) = PortableMath.sinCos(Double(distance) * frequency)
        c += cos
        s += sin
      }
      return (c / Double(max(distances.count, 1)), s / Double(max(distances.count, 1)))
    }
  }

  /// Applies a turn that `meanTurn` gave; channels that do not rotate stay.
  func apply(_ turn: [(cos: Double, sin: Double)], to vector: [Double]) -> [Double] {
    var result = vector
    for (chunk, (c, s)) in turn.enumerated() {
      let (i, j) = channels(chunk)
      result[i] = vector[i] * c - vector[j] * s
      result[j] = vector[i] * s + vector[j] * c
    }
    return result
  }
}

/// Channel-wise means of some vectors.
func meanVector(_ vectors: [[Double]]) -> [Double] {
  guard let first = vectors.first else { return [] }
  return first.indices.map { c in vectors.reduce(0) { $0 + $1[c] } / Double(vectors.count) }
}
