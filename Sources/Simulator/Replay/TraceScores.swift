import Attention
import Kernels
import Policies
import Traces

/// What a trace holds beside queries, keys and values, as policies ask for it.
struct TraceScores: Sendable {
  let trace: Trace
  /// What the policies of a replay ask for.
  let needs: Set<PolicyDescriptor.Need>

  /// What a policy asks for that one of the layers lacks; nil where nothing is lacking.
  func lack(_ policy: PolicyConfiguration, layers: [Int]) -> ReplayError? {
    let scores = trace.metadata.scores
    let projected = trace.metadata.projectedLayers
    let norms = Set(scores?.valueNorm?.layers ?? []).union(projected)
    let held: [(PolicyDescriptor.Need, Set<Int>, String)] = [
      (.indexScores, Set(scores?.index?.layers ?? []), "add an indexer's tensors with fasa-capture attach"),
      (.tokenScores, Set(scores?.token?.layers ?? []), "add such scores with fasa-capture attach"),
      (.valueNorms, norms, "capture it with norms of values, or take norm=value"),
    ]
    for (need, having, advice) in held where policy.needs.contains(need) {
      guard let layer = layers.first(where: { !having.contains($0) }) else { continue }
      return ReplayError(
        policy.label, expected: need.rawValue, found: "none of layer \(layer)", advice: advice)
    }
    if policy.needs.contains(.indexScores), let index = scores?.index,
      index.channels > Kernels.maximumChannels
    {
      return ReplayError(
        policy.label, expected: "an indexer of at most \(Kernels.maximumChannels) channels",
        found: "\(index.channels)", advice: "leave it out")
    }
    return nil
  }

  /// Of one KV head, what is asked for.
  func given(_ tensors: LayerTensors, kvHead: Int, kernels: Kernels) -> GivenScores {
    var given = GivenScores()
    let geometry = trace.metadata.geometry
    let group = geometry.queryHeads / geometry.kvHeads
    let heads = kvHead * group..<(kvHead + 1) * group
    if needs.contains(.tokenScores) { given.tokens = tensors.scores.token?.rows(kvHead..<kvHead + 1).first }
    if needs.contains(.valueNorms) {
      given.valueNorms =
        tensors.scores.valueNorm?.rows(heads)
        ?? OutputProjection(tensors, queryHeads: geometry.queryHeads, kernels: kernels).map { projection in
          let values = tensors.v.rows(kvHead..<kvHead + 1)[0]
          return heads.map { projection.absoluteSums(of: values, head: $0) }
        }
    }
    if needs.contains(.indexScores) { given.index = index(tensors, kvHead: kvHead) }
    return given
  }

  private func index(_ tensors: LayerTensors, kvHead: Int) -> IndexVectors? {
    guard let facts = trace.metadata.scores?.index, let keys = tensors.scores.indexKeys,
      let queries = tensors.scores.indexQueries
    else { return nil }
    let heads = facts.isWeighted ? 0..<facts.heads : kvHead..<kvHead + 1
    return IndexVectors(
      channels: facts.channels, keys: keys.floatValues(), queries: queries.rows(heads),
      weights: facts.isWeighted ? tensors.scores.indexWeights?.rows(heads) : nil,
      positions: trace.queryPositions)
  }
}

extension Tensor {
  /// What lies under some indices of the first axis, each as one row of numbers.
  fileprivate func rows(_ indices: Range<Int>) -> [[Float]] {
    let width = shape.dropFirst().reduce(1, *)
    return indices.map { floatValues($0 * width..<($0 + 1) * width) }
  }
}
