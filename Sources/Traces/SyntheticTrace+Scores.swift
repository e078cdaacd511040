import Attention

extension SyntheticTrace {
  /// Heads of the indexer of a trace with scores.
  static let indexHeads = 2

  /// What a trace with scores announces of all its layers.
  static func scores(of geometry: Geometry, layers: [Int]) -> TraceMetadata.Scores {
    TraceMetadata.Scores(
      token: .init(name: "minus the length of the key", layers: layers), valueNorm: .init(layers: layers),
      index: .init(
        name: "first queries and keys", heads: min(indexHeads, geometry.queryHeads),
        channels: geometry.headDim, isWeighted: true, layers: layers))
  }

  /// Scores as others might give them: an indexer of the first query heads and the first KV head, short keys before long ones,
  /// and values' own L1 norms for every query head.
  func scores(keys: Tensor, values: Tensor, queries: Tensor) -> ScoreTensors {
    guard let index = metadata.scores?.index else { return ScoreTensors() }
    let geometry = metadata.geometry
    let (tokens, traced) = (metadata.tokens.total, queryPositions.count)
    var scores = ScoreTensors()
    scores.token = Self.float32(
      [geometry.kvHeads, tokens],
      keys.floatValues().sums(of: geometry.headDim) { -Double($0) * Double($0) })
    let norms = values.floatValues().sums(of: geometry.valueDim) { Double($0.magnitude) }
    let group = geometry.queryHeads / geometry.kvHeads
    scores.valueNorm = Self.float32(
      [geometry.queryHeads, tokens],
      (0..<geometry.queryHeads).flatMap { norms[$0 / group * tokens..<($0 / group + 1) * tokens] })
    func first(_ tensor: Tensor, _ shape: [Int]) -> Tensor? {
      Tensor(elementType: elementType, shape: shape) { out in
        tensor.withUnsafeBytes { out.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<out.count])) }
      }
    }
    scores.indexKeys = first(keys, [tokens, geometry.headDim])
    scores.indexQueries = first(queries, [index.heads, traced, geometry.headDim])
    scores.indexWeights = Self.float32(
      [index.heads, traced], (0..<index.heads * traced).map { 1 + Double($0 % 3) })
    return scores
  }
}

extension [Float] {
  /// Of each run of `count` numbers the sum of what is made of them.
  fileprivate func sums(of count: Int, _ part: (Float) -> Double) -> [Double] {
    stride(from: 0, to: self.count, by: count).map { start in
      self[start..<start + count].reduce(0) { $0 + part($1) }
    }
  }
}
