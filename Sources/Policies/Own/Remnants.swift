import Attention
import Kernels

/// Heavy hitters beside what is left of the others: an evictor of our own.
///
/// One set per KV head, kept as H2O keeps it, by the attention that all its query heads gave. What goes joins one of a few
/// clusters of like keys, which stand in attention for as many tokens as they hold.
public struct Remnants: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "remnants",
    summary: "Keeps heavy hitters and recent tokens, and of what it drops the means of a few clusters.",
    kind: .eviction,
    parameters: [
      clusters, spread, recentShare, rounds, ParameterDescriptor.sinks.defaulting(to: .integer(4)),
    ], common: [.denseLayers], needs: [.promptAttention],
    cost: "4 bytes a kept token, read and written; d and dv a cluster",
    notes: """
      Ours. k holds what is kept and the clusters, each of which is read as one key and the sum of its values. The prompt's dropped tokens are clustered by k-means over their keys; a token that goes later \
      joins the nearest cluster, whose mean, sum and spread it changes. A cluster's tokens are taken for its mean key, with the logit raised by a share of |q|² · s² / 2, s² the mean squared distance of its keys a channel; the share is each KV head's own, as `gist` finds it. \
      Attention is gathered over what is kept, from the prompt's sums on. Clusters that a sliding window has left in part stand for nothing. docs/closed-loop.md has what it gives in two live models.
      """)

  static let clusters = ParameterDescriptor(
    "clusters", .number(0...0.9), default: .number(0.25),
    help: "share of k that is clusters of dropped tokens")
  static let recentShare = ParameterDescriptor(
    "recent-share", .number(0...1), default: .number(0.5), help: "share of k that is the most recent tokens")
  static let rounds = ParameterDescriptor(
    "rounds", .integer(0...100), default: .integer(10), help: "rounds of k-means over the prompt")
  static let spread = ParameterDescriptor(
    "spread", .number(0...1), default: .number(1),
    help: "how far a cluster's keys lie about their mean counts at most so much")

  private let group: GroupContext
  private let share: Double
  /// At most.
  private let spread: Float
  /// What the prompt's last queries make of it.
  private var fitted: Float = 0
  private let recentShare: Double
  private let rounds: Int
  private let sinks: Int
  private var cache: EvictionCache
  /// Attention gathered so far, by token.
  private var gathered: [Float] = []
  /// What was dropped; nil until something is.
  private var remnants: KeyClusters?

  public init(parameters: ParameterValues, group: GroupContext) throws {
    // k-means scores keys with a last channel of one.
    try group.require(width: group.headDim + 1, for: "remnants")
    self.group = group
    share = parameters.number(Self.clusters)
    spread = Float(parameters.number(Self.spread))
    recentShare = parameters.number(Self.recentShare)
    rounds = parameters.integer(Self.rounds)
    sinks = parameters.integer(.sinks)
    cache = EvictionCache(group, perGroup: true)
  }

  public static func corrects(_ parameters: ParameterValues) -> Bool { true }
  public var choosesPerGroup: Bool { true }

  public mutating func observe(_ prompt: PromptView) {
    gathered = (0..<(prompt.heads ?? 1)).map { prompt.accumulatedAttention(head: $0) }.summed
    fitted = fit(prompt)
  }

  /// How much the spread of what the prompt's last query would have dropped counts.
  private func fit(_ prompt: PromptView) -> Float {
    guard let last = prompt.window?.steps.last, let k = group.asked?.tokens(visible: last.visible.count)
    else {
      return 0
    }
    var trial = cache
    trial.join(0, last)
    let gone = shrink(&trial, k)
    let clusters = KeyClusters(prompt.tables, of: gone, count: Int(Double(k) * share), rounds: rounds)
    return clusters.fittedSpread(prompt, most: spread, reading: 0)
  }

  /// - Returns: the tokens that go.
  private func shrink(_ cache: inout EvictionCache, _ k: Int) -> [Int32] {
    let before = cache.kept[0]
    cache.shrink(
      0, to: max(1, k - Int(Double(k) * share)),
      keeping: Guard(sinks: sinks, recent: Int(Double(k) * recentShare))
    ) { gathered[$0] }
    let stays = Set(cache.kept[0])
    return before.filter { !stays.contains($0) }
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var record = EvictionRecord(block)
    var corrections = [OutputCorrection](repeating: OutputCorrection(), count: block.rows)
    for step in block.steps.indices {
      makeRoom(block, step)
      record.add(cache, unit: 0, step: step)
      if let remnants, !remnants.members.isEmpty {
        let logits = block.logits(remnants, step: step, spread: fitted)
        let terms = block.terms(remnants, Array(remnants.members.indices), logits: logits, step: step)
        for (head, terms) in terms.enumerated() {
          corrections[block.row(head: head, step: step)].terms = terms
        }
      }
      for head in cache.heads(0) {
        let weights = block.attention(block.row(head: head, step: step), over: cache.kept[0])
        for (token, weight) in zip(cache.kept[0], weights) { gathered[Int(token)] += weight }
      }
    }
    var selections = record.selections
    block.chargeState(selections, perGroup: true)
    if remnants != nil { selections.corrections = corrections }
    return selections
  }

  /// Lets go of what k does not hold beside the clusters, which take it up.
  private mutating func makeRoom(_ block: QueryBlock, _ step: Int) {
    let k = block.budgets[step]
    cache.join(0, block.steps[step])
    guard remnants != nil || cache.kept[0].count > k else { return }
    var own = cache
    let gone = shrink(&own, k)
    cache = own
    if remnants == nil {
      remnants = KeyClusters(block.tables, of: gone, count: Int(Double(k) * share), rounds: rounds)
    } else if remnants?.members.isEmpty == false {
      for token in gone { remnants?.add(token, block.tables) }
      block.chargeJoining(gone.count)
    }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let clusters = remnants?.members.count ?? 0
    return (cache.bytes(perToken: 4) + clusters * (group.keyRowBytes + group.valueRowBytes + 8), 0)
  }
}
