/// SnapKV with a layer's budget shared out by its heads' votes (Feng et al., NeurIPS 2025).
///
/// The votes of all heads of a layer are ranked together; a head gets as many tokens as it has among the best, and
/// a floor that no head falls below.
public struct AdaKV: LayerPolicy {
  public static let descriptor = PolicyDescriptor(
    name: "adakv",
    summary: "SnapKV with each layer's budget shared out by where its heads' votes are highest.",
    paper: "https://arxiv.org/abs/2407.11550", kind: .eviction,
    parameters: SnapKV.voting + [.sinks] + [
      floor
    ], common: [.denseLayers], needs: [.promptWindow], scope: .layer,
    cost: "nothing",
    notes: """
      Budgets are k per head on average over a layer, shared out once, at the first step; a share of the cache then grows in the same proportions. Decoded \
      tokens take places as for snapkv; a 32-bit vote is kept per prompt token held. Shares are brought to whole tokens by their largest remainders, \
      so that a layer's heads always have k each on average. A head's recall is against the oracle at k, not at the head's own budget.
      """)

  static let floor = ParameterDescriptor(
    "floor", .number(0...1), default: .number(0.2),
    help: "share of an even budget that every head keeps; the authors' scripts give 0.2")

  private let votes: SnapVotes
  private let sinks: Int
  private let floor: Double
  private let window: Int
  /// Of each KV head of the layer.
  private var caches: [EvictionCache] = []
  /// `[KV head][query head of the group][token]`
  private var values: [[[Float]]] = []
  /// A head's budget over k, `[KV head][query head of the group]`; empty until the first step.
  private var shares: [[Double]] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    votes = SnapVotes(parameters, group)
    sinks = parameters.integer(.sinks)
    floor = parameters.number(Self.floor)
    window = parameters.integer(SnapKV.window)
    caches = [EvictionCache(group, perGroup: false)]
  }

  public mutating func begin(layer groups: [GroupContext]) {
    caches = groups.map { EvictionCache($0, perGroup: false) }
  }

  public mutating func observe(layer prompts: [PromptView]) {
    values = zip(prompts, caches).map { prompt, cache in
      cache.units.map { votes.values(prompt, heads: $0..<$0 + 1) }
    }
  }

  public mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    if shares.isEmpty, let first = blocks.first, let k = first.budgets.first { shareOut(k) }
    let budgets = (blocks.first?.budgets ?? []).map(wholeBudgets)
    return blocks.indices.map { place in
      var record = EvictionRecord(blocks[place])
      for step in blocks[place].steps.indices {
        for unit in caches[place].units {
          caches[place].join(unit, blocks[place].steps[step])
          let own = budgets[step][place][unit]
          let value = values[place][unit]
          caches[place].shrink(unit, to: own, keeping: Guard(sinks: sinks)) { value[$0] }
          record.add(caches[place], unit: unit, step: step)
        }
      }
      return record.selections
    }
  }

  /// Of one KV head; the layer's heads on average, as one object chooses for all.
  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let all = caches.reduce(0) { $0 + $1.bytes(perToken: 4, before: votes.promptTokens) }
    return ((all + caches.count - 1) / max(caches.count, 1), 0)
  }

  /// Whole numbers of at least 1 nearest to the heads' shares of k, that are k a head on average: what rounding down
  /// leaves over goes where it took most, of equals to the lower head.
  private func wholeBudgets(_ k: Int) -> [[Int]] {
    let exact = shares.joined().map { Double(k) * $0 }
    var whole = exact.map { max(1, Int($0.rounded(.down))) }
    var left = k * exact.count - whole.reduce(0, +)
    for head in exact.indices.sorted(by: {
      (exact[$0] - Double(whole[$0]), $1) > (exact[$1] - Double(whole[$1]), $0)
    })
    where left > 0 {
      whole[head] += 1
      left -= 1
    }
    // A head that must keep one although its share is less takes it from the largest.
    while left < 0, let head = whole.indices.max(by: { (whole[$0], $1) < (whole[$1], $0) }), whole[head] > 1 {
      whole[head] -= 1
      left += 1
    }
    return shares.map { group in
      defer { whole.removeFirst(group.count) }
      return Array(whole.prefix(group.count))
    }
  }

  /// Ranks all heads' votes together. The window's places are every head's own.
  private mutating func shareOut(_ k: Int) {
    let heads = values.joined()
    let end = votes.windowStart
    let free = max(0, k - window)
    let ranked = heads.enumerated().flatMap { head, values in
      values.prefix(end).sorted(by: >).prefix(free * heads.count).map { (head: head, vote: $0) }
    }.sorted { ($0.vote, $1.head) > ($1.vote, $0.head) }
    var won = Array(repeating: 0, count: heads.count)
    for entry in ranked.prefix(free * heads.count) { won[entry.head] += 1 }
    var all = won.map { count in
      (Double(k - free) + (1 - floor) * Double(count) + floor * Double(free)) / Double(k)
    }
    // What a short prompt leaves over is every head's alike.
    let mean = all.reduce(0, +) / Double(max(all.count, 1))
    if mean < 1 { all = all.map { $0 + 1 - mean } }
    shares = values.map { group in
      defer { all.removeFirst(group.count) }
      return Array(all.prefix(group.count))
    }
  }
}
