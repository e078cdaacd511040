import Attention

/// Whole clusters of like keys (Liu et al., 2024).
///
/// The prompt's keys are clustered. Clusters are ranked by the query's product with their centroid and taken whole, best first, until k
/// is full; the last one is cut. First tokens and decoded ones are always attended to.
public struct ClusterKV: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "clusterkv", summary: "Reads whole clusters of keys, those of best centroid first, up to k tokens.",
    paper: "https://arxiv.org/abs/2412.03213", kind: .selection,
    parameters: [
      clusters, rounds, likeness, ParameterDescriptor.sinks.defaulting(to: .integer(16)),
      ParameterDescriptor.recent.defaulting(
        to: .integer(0),
        help: "last tokens of the prompt always kept and not clustered, beside all decoded ones"),
      .scope, ParameterDescriptor.denseLayers.defaulting(to: .integer(2)),
    ], common: [],
    ranks: .nothing, cost: "d and 4 bytes a cluster, 4 bytes a chosen token; scores",
    notes: """
      Reads every centroid, where each cluster's list begins, and the chosen tokens' numbers. Centroids and lists lie on the device with first, last and decoded tokens, other keys and values on the host. \
      k counts all that is kept; the authors' budget counts the sinks and not what decoding added, so theirs is k plus the decoded tokens. What exceeds k is cut from the last cluster, later tokens first, as they do. \
      k-means is over the whole prompt and begins at keys evenly apart; theirs begins as their library does. With `likeness=mixed` its rounds go by distance and only the last assignment by cosine, the other reading of their code, whose parameter is not said to reach the rounds. \
      Their centroids are rounded to 16 bits; here they are scored in 32 and kept in the cache's. Their code for speed clusters decoded tokens every 320 into 8 and keeps chosen clusters of the last step on the device: here decoded tokens stay as they are and `hot` stands for the latter. \
      Their runs feed a prompt's question token by token, so that it is not clustered: `recent` does that here.
      """,
    alwaysKeeps: { _ in "every decoded token" })

  static let clusters = ParameterDescriptor(
    "clusters", .amount, default: .amount(.tokens(400)),
    help: "clusters of the prompt, or their share of its clustered tokens")
  static let rounds = ParameterDescriptor(
    "rounds", .integer(0...100), default: .integer(20), help: "rounds of k-means")
  static let likeness = ParameterDescriptor(
    "likeness", .choice(["cosine", "mixed", "distance"]), default: .word("cosine"),
    help: "by what keys are clustered: cosine, distance with a last assignment by cosine, or distance")

  private let values: ParameterValues
  private let rounds: Int
  private let likeness: KeyClusters.Likeness
  private let guarded: Guard
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) throws {
    // k-means scores keys with a last channel of one.
    try group.require(width: group.headDim + 1, for: "clusterkv")
    values = parameters
    rounds = parameters.integer(Self.rounds)
    likeness = KeyClusters.Likeness(rawValue: parameters.word(Self.likeness)) ?? .cosine
    guarded = parameters.guarded
    choosesPerGroup = parameters.word(.scope) == "group"
    self.group = group
  }

  public var cacheTier: MemoryTier { .host }
  public var sendsDecodedTokens: Bool { false }

  public func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>] {
    let (sinks, _, recent) = kept(of: step).split(step.visible, budget: budget)
    return [sinks, recent]
  }

  /// The prompt's tokens that are clustered.
  private func zone(of tokens: Int) -> Range<Int> {
    let end = min(group.promptTokens, tokens)
    let first = min(guarded.sinks, end)
    return first..<max(first, end - guarded.recent)
  }

  private func count(_ zone: Range<Int>) -> Int {
    zone.isEmpty ? 0 : values.amount(Self.clusters, of: zone.count)
  }

  /// The first tokens, and all behind the clusters.
  private func kept(of step: Step) -> Guard {
    let zone = zone(of: group.promptTokens)
    return Guard(sinks: zone.lowerBound, recent: step.visible.upperBound - zone.upperBound)
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let zone = zone(of: block.tables.tokens)
    let count = count(zone)
    let clusters = block.tables.cached("clusters \(zone) \(count) \(rounds) \(likeness)", ofPrompt: true) {
      KeyClusters(block.tables, tokens: zone, count: count, rounds: rounds, by: likeness)
    }
    let ranks = summed(block.scores(clusters), block)
    var (result, listed) = (Selections(), Selections())
    for row in 0..<block.rows {
      let k = block.budgets[row % block.steps.count]
      let (sinks, middle, recent) = kept(of: block.steps[row % block.steps.count])
        .split(block.visible(row), budget: k)
      let chosen = clusters.best(ranks[row], among: middle, most: k - sinks.count - recent.count).tokens
        .ascending(within: middle)
      listed.appendRow(chosen)
      result.appendRow(sinks.map(Int32.init) + chosen + recent.map(Int32.init))
    }
    block.chargeLists(of: clusters, listed)
    return result
  }

  /// The scores, or where heads choose together of every row the sums over its group's.
  private func summed(_ scores: [[Float]], _ block: QueryBlock) -> [[Float]] {
    guard choosesPerGroup else { return scores }
    let sums = block.steps.indices.map { step in
      (0..<group.groupSize).map { scores[block.row(head: $0, step: step)] }.summed
    }
    return scores.indices.map { sums[$0 % sums.count] }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let zone = zone(of: tokens)
    return (count(zone) * (group.keyRowBytes + 4) + zone.count * 4, 0)
  }
}
