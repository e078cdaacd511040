import Attention
import Foundation

/// The queries, keys and values of one synthetic layer, each a function of head and position alone.
struct SyntheticLayer {
  /// Tokens of one topic, and how many topics take turns.
  private static let topicLength = 48
  private static let topicCount = 12

  private let metadata: TraceMetadata
  private let layer: Int
  private let seed: UInt64
  private let frequencies: [Double]
  /// How much a chunk's two channels vary: slow rotations carry most, as in trained models.
  private let amplitudes: [Float]
  /// Per KV head, what all its queries and keys share.
  private let biases: [[Float]]
  /// Per KV head and topic.
  private let topics: [[[Float]]]

  init(metadata: TraceMetadata, layer: Int, seed: UInt64) {
    self.metadata = metadata
    self.layer = layer
    self.seed = seed
    frequencies = metadata.rotationFrequencies(layer: layer)
    let chunks = metadata.rope.rotaryDim / 2
    let amplitudes = (0..<metadata.geometry.headDim).map { channel in
      let chunk = metadata.rope.pairing == .half ? channel % max(chunks, 1) : channel / 2
      return 0.4 + 1.6 * Float(min(chunk, chunks)) / Float(max(chunks, 1))
    }
    self.amplitudes = amplitudes
    func vector(_ stream: [Int]) -> [Float] {
      var random = CounterRandom(seed: seed, stream: [layer] + stream)
      return amplitudes.map { $0 * random.normal() }
    }
    biases = (0..<metadata.geometry.kvHeads).map { vector([1, $0]) }
    topics = (0..<metadata.geometry.kvHeads).map { head in
      (0..<Self.topicCount).map { vector([2, head, $0]) }
    }
  }

  /// Post-RoPE, `headDim` values.
  func key(head: Int, _ rotation: Rotation, into row: UnsafeMutableBufferPointer<Float>) {
    let position = rotation.position
    var random = CounterRandom(seed: seed, stream: [layer, 3, head, position])
    // The first token is the sink: it has the shared part several times over and no topic.
    let (bias, topic, noise): (Float, Float, Float) = position == 0 ? (2.5, 0, 0.1) : (0.6, 0.6, 0.5)
    mix(
      head: head, topic: self.topic(at: position), weights: (bias, topic, noise), random: &random, into: row)
    rotation.turn(row, pairing: metadata.rope.pairing)
  }

  /// Post-RoPE and unscaled, `headDim` values.
  func query(head: Int, _ rotation: Rotation, into row: UnsafeMutableBufferPointer<Float>) {
    let position = rotation.position
    var random = CounterRandom(seed: seed, stream: [layer, 4, head, position])
    let kvHead = head / (metadata.geometry.queryHeads / metadata.geometry.kvHeads)
    // Mostly what is being talked of now, sometimes what was earlier.
    let asked = random.next() % 4 == 0 ? Int(random.next() % UInt64(position + 1)) : position
    mix(
      head: kvHead, topic: topic(at: asked), weights: (0.7, 0.9, 0.5), random: &random, into: row)
    rotation.turn(row, pairing: metadata.rope.pairing)
  }

  /// `valueDim` values; the sink's are small, as in trained models.
  func value(head: Int, _ rotation: Rotation, into row: UnsafeMutableBufferPointer<Float>) {
    var random = CounterRandom(seed: seed, stream: [layer, 5, head, rotation.position])
    let size: Float = rotation.position == 0 ? 0.05 : 1
    for channel in row.indices { row[channel] = size * random.normal() }
  }

  /// One row of the output projection, which keeps a vector's length roughly.
  func projection(head _: Int, _ rotation: Rotation, into row: UnsafeMutableBufferPointer<Float>) {
    var random = CounterRandom(seed: seed, stream: [layer, 7, rotation.position])
    let size = 1 / Float(row.count).squareRoot()
    for channel in row.indices { row[channel] = size * random.normal() }
  }

  /// Sine and cosine of every chunk's angle at a position, shared by all heads.
  func rotation(at position: Int) -> Rotation { Rotation(position: position, frequencies: frequencies) }

  private func mix(
    head: Int, topic: Int, weights: (bias: Float, topic: Float, noise: Float), random: inout CounterRandom,
    into row: UnsafeMutableBufferPointer<Float>
  ) {
    let bias = biases[head]
    let topic = topics[head][topic]
    for channel in row.indices {
      row[channel] =
        weights.bias * bias[channel] + weights.topic * topic[channel]
        + weights.noise * amplitudes[channel] * random.normal()
    }
  }

  private func topic(at position: Int) -> Int {
    var random = CounterRandom(seed: seed, stream: [6, position / Self.topicLength])
    return Int(random.next() % UInt64(Self.topicCount))
  }
}

/// How one position turns the chunks of a query or key.
struct Rotation {
  let position: Int
  private let cosines: [Float]
  private let sines: [Float]

  init(position: Int, frequencies: [Double]) {
    self.position = position
    let angles = frequencies.map { Double(position) * $0 }
    cosines = angles.map { Float(cos($0)) }
    sines = angles.map { Float(sin($0)) }
  }

  func turn(_ row: UnsafeMutableBufferPointer<Float>, pairing: RopePairing) {
    for chunk in cosines.indices {
      let (first, second) =
        switch pairing {
        case .half: (chunk, chunk + cosines.count)
        case .interleaved: (2 * chunk, 2 * chunk + 1)
        }
      let (x, y) = (row[first], row[second])
      row[first] = x * cosines[chunk] - y * sines[chunk]
      row[second] = x * sines[chunk] + y * cosines[chunk]
    }
  }
}

/// SplitMix64 begun at a hash of what is asked for, so that any value can be made without those before it.
struct CounterRandom {
  private var state: UInt64

  init(seed: UInt64, stream: [Int]) {
    state = seed
    for part in stream { state = (state ^ UInt64(bitPattern: Int64(part))) &+ next() }
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  /// Mean 0, variance 1, within ±3.5: the sum of four uniform values, which needs no logarithm.
  mutating func normal() -> Float {
    let bits = next()
    let sum = (0..<4).reduce(0) { $0 + Int(bits >> (16 * UInt64($1)) & 0xFFFF) }
    return (Float(sum) - 131_070) * (Float(3).squareRoot() / 65_535)
  }
}
