import Foundation

/// Attention in double precision over a synthetic layer's stored values, to be right rather than fast.
struct ReferenceAttention {
  private let metadata: TraceMetadata
  private let keys: [Float]
  private let values: [Float]

  /// - Parameters:
  ///   - keys: `[Hkv, T, headDim]`.
  ///   - values: `[Hkv, T, valueDim]`.
  init(metadata: TraceMetadata, keys: Tensor, values: Tensor) {
    self.metadata = metadata
    self.keys = keys.floatValues()
    self.values = values.floatValues()
  }

  /// A query's attention output, `valueDim` values.
  func output(_ query: [Float], head: Int, position: Int) -> [Double] {
    let weights = weights(query, head: head, position: position)
    let channels = metadata.geometry.valueDim
    let start = kvHead(head) * metadata.tokens.total
    return (0..<channels).map { channel in
      weights.indices.reduce(0) { $0 + weights[$1] * Double(values[(start + $1) * channels + channel]) }
    }
  }

  /// Per prompt token, the attention that all prompt queries give it.
  func promptMass(head: Int, query: (Int) -> [Float]) -> [Double] {
    var mass = [Double](repeating: 0, count: metadata.tokens.prompt)
    for position in mass.indices {
      for (token, weight) in weights(query(position), head: head, position: position).enumerated() {
        mass[token] += weight
      }
    }
    return mass
  }

  /// Softmax over tokens 0...position.
  private func weights(_ query: [Float], head: Int, position: Int) -> [Double] {
    let channels = metadata.geometry.headDim
    let start = kvHead(head) * metadata.tokens.total
    let logits = (0...position).map { token in
      let key = (start + token) * channels
      return metadata.attention.scale
        * (0..<channels).reduce(0) { $0 + Double(query[$1]) * Double(keys[key + $1]) }
    }
    let largest = logits.max() ?? 0
    let exponentials = logits.map { exp($0 - largest) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { $0 / sum }
  }

  private func kvHead(_ head: Int) -> Int {
    head / (metadata.geometry.queryHeads / metadata.geometry.kvHeads)
  }
}
