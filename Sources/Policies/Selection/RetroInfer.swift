import Kernels

/// Clusters of keys, some attended to exactly and some estimated (Chen et al., 2025).
///
/// The prompt's keys are clustered. Clusters are ranked by the query's score with their centroid: the best are read, up to k tokens with the
/// first and last ones; the next are estimated, as if each of their keys were the centroid, from their values' sum.
public struct RetroInfer: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "retroinfer",
    summary: "Reads the clusters of best centroid and estimates the next from centroid and summed values.",
    paper: "https://arxiv.org/abs/2505.02922", kind: .selection,
    parameters: [
      ParameterDescriptor(
        "cluster", .integer(1...4096), default: .integer(16), help: "tokens of a cluster on average"),
      ParameterDescriptor(
        "estimated", .number(0...1), default: .number(0.232), help: "share of the clusters that is estimated"),
      ParameterDescriptor("rounds", .integer(0...100), default: .integer(10), help: "rounds of k-means"),
      ParameterDescriptor.sinks.defaulting(to: .integer(4)),
      ParameterDescriptor.recent.defaulting(to: .integer(64)),
      ParameterDescriptor(
        "scope", .choice(["head", "group"]), default: .word("group"),
        help: "rank clusters per query head, or once per KV head by their summed scores, as the authors do"),
    ], common: [.denseLayers],
    cost: "d a cluster, dv an estimated cluster",
    notes: """
      The authors read .018 of the clusters; here k decides, sinks and last tokens included, and what exceeds it is cut from the last cluster, later tokens first. The last tokens \
      are at least all that decoding added. k-means is over the whole prompt, by distance, and begins at keys evenly apart; the authors cluster segments of 8K by cosine. Centroids and sums lie on the device, keys and values on the \
      host.
      """,
    alwaysKeeps: { _ in "every decoded token" })

  private let cluster: Int
  private let estimated: Double
  private let rounds: Int
  private let guarded: Guard
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) throws {
    // k-means scores keys with a last channel of one.
    try group.require(width: group.headDim + 1, for: "retroinfer")
    choosesPerGroup = parameters.word("scope") == "group"
    cluster = parameters.integer("cluster")
    estimated = parameters.number("estimated")
    rounds = parameters.integer("rounds")
    guarded = parameters.guarded
    self.group = group
  }

  public var cacheTier: MemoryTier { .host }

  public func choose(_ block: QueryBlock) -> Selections? {
    let tables = block.shared.tables
    let prompt = min(group.promptTokens, tables.tokens)
    let first = min(guarded.sinks, prompt)
    let zone = first..<max(first, prompt - guarded.recent)
    let clusters = tables.cached("clusters \(zone) \(cluster) \(rounds)") {
      KeyClusters(tables, tokens: zone, size: cluster, rounds: rounds)
    }
    var result = Selections()
    var corrections: [OutputCorrection] = []
    let ranked = Int((estimated * Double(clusters.members.count)).rounded())
    let scores = (0..<block.shared.rows).map { clusters.scores(block.shared.query($0)) }
    let ranks = choosesPerGroup ? summed(scores, block) : scores
    for row in 0..<block.shared.rows {
      let step = block.steps[row % block.steps.count]
      let k = block.budgets[row % block.steps.count]
      let held = Guard(sinks: first, recent: step.visible.upperBound - zone.upperBound)
      let (sinks, middle, recent) = held.split(step.visible, budget: k)
      let rank = ranks[row]
      let order = rank.indices.sorted { (rank[$0], $1) > (rank[$1], $0) }
      var left = k - sinks.count - recent.count
      var chosen: [Int32] = []
      var next = 0
      while left > 0, next < order.count {
        let some = clusters.members[order[next]].filter { middle.contains(Int($0)) }.prefix(left)
        chosen += some
        left -= some.count
        next += 1
      }
      result.appendRow((sinks.map(Int32.init) + chosen + recent.map(Int32.init)).sorted())
      var correction = OutputCorrection()
      let logits = block.shared.logits(of: scores[row])
      correction.terms = order.dropFirst(next).prefix(ranked).compactMap {
        clusters.term($0, logit: logits[$0], within: step.visible, read: sinks, tables)
      }
      corrections.append(correction)
    }
    result.corrections = corrections
    charge(block, clusters: clusters.members.count, estimated: ranked)
    return result
  }

  /// Of every row the sums over its group's heads.
  private func summed(_ scores: [[Float]], _ block: QueryBlock) -> [[Float]] {
    let sums = block.steps.indices.map { step in
      (0..<group.groupSize).map { scores[block.shared.row(head: $0, step: step)] }.summed
    }
    return scores.indices.map { sums[$0 % sums.count] }
  }

  private func charge(_ block: QueryBlock, clusters: Int, estimated: Int) {
    let centroids = block.steps.count * clusters * group.keyRowBytes
    let sums = block.steps.count * min(estimated, clusters) * group.valueRowBytes
    let heads = group.groupSize
    block.charge(.init(.metadata, .stream), readPerHead: centroids * heads, readGroupUnion: centroids)
    // That heads which rank clusters apart share sums is not assumed.
    block.charge(
      .init(.metadata, .gather(rowBytes: group.valueRowBytes)), readPerHead: sums * heads,
      readGroupUnion: choosesPerGroup ? sums : sums * heads)
    let scores = block.steps.count * clusters * 4 * heads
    block.charge(.init(.scores, .stream), readPerHead: scores, readGroupUnion: scores, written: scores)
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let clustered = min(group.promptTokens, tokens) - guarded.sinks - guarded.recent
    let clusters = clustered > 0 ? max(1, clustered / cluster) : 0
    return (clusters * (group.keyRowBytes + group.valueRowBytes + 4), 0)
  }
}
