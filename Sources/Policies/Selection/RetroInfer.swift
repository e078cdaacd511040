import Attention

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
      cluster, estimated, rounds, ParameterDescriptor.sinks.defaulting(to: .integer(4)),
      ParameterDescriptor.recent.defaulting(to: .integer(64)), scope, .ranking,
    ], common: [.denseLayers],
    cost: "d a cluster, dv an estimated cluster",
    notes: """
      The authors read .018 of the clusters; here k decides, sinks and last tokens included, and what exceeds it is cut from the last cluster, later tokens first. The last tokens \
      are at least all that decoding added. k-means is over the whole prompt, by distance, and begins at keys evenly apart; the authors cluster segments of 8K by cosine. Centroids and sums lie on the device with first and last tokens, other keys and values on the \
      host, a cluster's side by side. The authors' device also caches clusters, which saves some of the link's bytes, and clusters decoded tokens every 1,024. \
      With `ranking=sum` output error is 0.112 for 0.099 on qa-4096 at 256 and 0.080 for 0.077 on prose-8192, at 19 % 0.056 for 0.050 and 0.018 for 0.016; recall differs by at most 0.012.
      """,
    alwaysKeeps: { _ in "every decoded token" })

  static let cluster = ParameterDescriptor(
    "cluster", .integer(1...4096), default: .integer(16), help: "tokens of a cluster on average")
  static let estimated = ParameterDescriptor(
    "estimated", .number(0...1), default: .number(0.232), help: "share of the clusters that is estimated")
  static let rounds = ParameterDescriptor(
    "rounds", .integer(0...100), default: .integer(10), help: "rounds of k-means")
  static let scope = ParameterDescriptor(
    "scope", .choice(["head", "group"]), default: .word("group"),
    help: "rank clusters per query head, or once per KV head, as the authors do")

  public static func corrects(_ parameters: ParameterValues) -> Bool { true }

  private let cluster: Int
  private let estimated: Double
  private let rounds: Int
  private let guarded: Guard
  private let isSoftmax: Bool
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) throws {
    // k-means scores keys with a last channel of one.
    try group.require(width: group.headDim + 1, for: "retroinfer")
    isSoftmax = parameters.word(.ranking) == "softmax"
    choosesPerGroup = parameters.word(Self.scope) == "group"
    cluster = parameters.integer(Self.cluster)
    estimated = parameters.number(Self.estimated)
    rounds = parameters.integer(Self.rounds)
    guarded = parameters.guarded
    self.group = group
  }

  public var cacheTier: MemoryTier { .host }
  public var sendsDecodedTokens: Bool { false }
  public func pieceTokens(of step: Step, budget: Int) -> Int { cluster }

  public func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>] {
    let (sinks, _, recent) = kept(of: step).split(step.visible, budget: budget)
    return [sinks, recent]
  }

  /// The prompt's tokens that are clustered.
  private var zone: Range<Int> {
    let first = min(guarded.sinks, group.promptTokens)
    return first..<max(first, group.promptTokens - guarded.recent)
  }

  /// The first tokens, and all behind the clusters.
  private func kept(of step: Step) -> Guard {
    Guard(sinks: zone.lowerBound, recent: step.visible.upperBound - zone.upperBound)
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let zone = zone.clamped(to: 0..<block.tables.tokens)
    let clusters = block.tables.cached("clusters \(zone) \(cluster) \(rounds)", ofPrompt: true) {
      KeyClusters(block.tables, tokens: zone, size: cluster, rounds: rounds)
    }
    var result = Selections()
    var rest: [EstimatedClusters] = []
    let ranked = Int((estimated * Double(clusters.members.count)).rounded())
    let scores = block.scores(clusters)
    let ranks = choosesPerGroup ? summed(scores, block) : scores
    var picks: [(set: [Int32], others: [Int], sinks: Range<Int>)] = []
    for row in 0..<block.rows {
      let place = row % block.steps.count
      // Heads that choose together choose the same.
      if row == place || !choosesPerGroup {
        let (step, k) = (block.steps[place], block.budgets[place])
        let (sinks, middle, recent) = kept(of: step).split(step.visible, budget: k)
        let (chosen, order, next) = clusters.best(
          ranks[row], among: middle, most: k - sinks.count - recent.count)
        let set = sinks.map(Int32.init) + chosen.ascending(within: middle) + recent.map(Int32.init)
        picks.append((set, Array(order.dropFirst(next).prefix(ranked)), sinks))
      }
      let pick = picks[choosesPerGroup ? place : row]
      result.appendRow(pick.set)
      let logits = block.logits(of: scores[row])
      rest.append(
        EstimatedClusters(
          clusters: pick.others, logits: pick.others.map { logits[$0] }, read: pick.sinks))
    }
    result.corrections = block.terms(clusters, rest, most: ranked, isShared: choosesPerGroup).map {
      var correction = OutputCorrection()
      correction.terms = $0
      return correction
    }
    return result
  }

  /// Of every row the sums over its group's heads, of scores or of softmaxes over all clusters.
  private func summed(_ scores: [[Float]], _ block: QueryBlock) -> [[Float]] {
    let sums = block.steps.indices.map { step in
      (0..<group.groupSize).map { head -> [Float] in
        let own = scores[block.row(head: head, step: step)]
        return isSoftmax ? block.softmax(own) : own
      }.summed
    }
    return scores.indices.map { sums[$0 % sums.count] }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let clustered = min(group.promptTokens, tokens) - guarded.sinks - guarded.recent
    let clusters = clustered > 0 ? max(1, clustered / cluster) : 0
    return (clusters * (group.keyRowBytes + group.valueRowBytes + 4), 0)
  }
}
