/// Persistence of importance (Liu et al., NeurIPS 2023).
///
/// A token is important to a query where it gets more than an even share of the attention. Kept are the tokens that were important
/// to most of the last queries, and the most recent tokens.
public struct Scissorhands: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "scissorhands",
    summary: "Keeps the tokens that most of the last queries gave more than an even share.",
    paper: "https://arxiv.org/abs/2305.17118", kind: .eviction,
    parameters: [window, ParameterDescriptor.recent.defaulting(to: .integer(10)), .sinks, .scope],
    common: [.denseLayers], needs: [.promptWindow],
    cost: "2 bytes a kept token, read and written",
    notes: """
      An even share is 1 over the tokens held. The prompt's part of the history is the observation window. One token goes at a time; the paper drops a \
      batch whenever the cache is full. Reads and writes a 16-bit count per kept token and step; keeps the counts, and a bit per kept token and query that counts.
      """)

  static let window = ParameterDescriptor(
    "window", .integer(1...100_000), role: .promptQueries, default: .integer(256),
    help: "last queries that count")

  private let window: Int
  private let keeping: Guard
  public let choosesPerGroup: Bool
  private var cache: EvictionCache
  /// Queries of the window to which a token was important, `[unit][token]`.
  private var counts: [[Float]] = []
  /// The important tokens of the last queries, oldest first.
  private var history: [[[Int]]] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    window = parameters.integer(Self.window)
    keeping = parameters.guarded
    choosesPerGroup = parameters.word(.scope) == "group"
    cache = EvictionCache(group, perGroup: choosesPerGroup)
  }

  public mutating func observe(_ prompt: PromptView) {
    counts = cache.units.map { _ in
      prompt.window == nil ? prompt.recency : Array(repeating: 0, count: prompt.tables.tokens)
    }
    history = cache.units.map { _ in [] }
    prompt.eachQuery(last: window) { step, attention in
      for unit in cache.units {
        let heads = cache.heads(unit)
        let weights = Array(attention[heads]).summed
        let even = Float(heads.count) / Float(step.visible.count)
        remember(step.visible.filter { weights[$0] > even }, unit: unit)
      }
    }
  }

  private mutating func remember(_ important: [Int], unit: Int) {
    history[unit].append(important)
    for token in important { counts[unit][token] += 1 }
    guard history[unit].count > window else { return }
    for token in history[unit].removeFirst() { counts[unit][token] -= 1 }
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var record = EvictionRecord(block)
    for (step, k) in block.budgets.enumerated() {
      for unit in cache.units {
        cache.join(unit, block.steps[step])
        let values = counts[unit]
        cache.shrink(unit, to: k, keeping: keeping) { values[$0] }
        record.add(cache, unit: unit, step: step)
        let kept = cache.kept[unit]
        let weights = cache.heads(unit).map {
          block.attention(block.row(head: $0, step: step), over: kept)
        }
        let even = Float(weights.count) / Float(kept.count)
        remember(zip(kept, weights.summed).filter { $0.1 > even }.map { Int($0.0) }, unit: unit)
      }
    }
    let selections = record.selections
    block.chargeState(selections, perGroup: choosesPerGroup, bytesPerToken: 2)
    return selections
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let bits = cache.units.reduce(0) { $0 + (cache.kept[$1].count * (history.first?.count ?? 0) + 7) / 8 }
    return (cache.bytes(perToken: 2) + bits, 0)
  }
}
