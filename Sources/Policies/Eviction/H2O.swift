/// Heavy-hitter oracle (Zhang et al., NeurIPS 2023).
///
/// Each token gathers the attention that it gets from every query, over what is kept; half the budget goes to those that
/// gathered most, half to the most recent.
public struct H2O: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "h2o", summary: "Keeps the tokens that gathered most attention so far, and the most recent.",
    paper: "https://arxiv.org/abs/2306.14048", kind: .eviction,
    parameters: [recentShare, .sinks, .scope], common: [.denseLayers], needs: [.promptAttention],
    cost: "4 bytes a kept token, read and written",
    notes: """
      Starts from the prompt's summed attention. Room for a new token is made before it is attended to, so that no more than k are ever held. \
      Reads and writes a 32-bit sum per kept token and step.
      """,
    isFlatteredInOpenLoop: true)

  static let recentShare = ParameterDescriptor(
    "recent-share", .number(0...1), default: .number(0.5),
    help: "share of k that is the most recent tokens")

  private let recentShare: Double
  private let sinks: Int
  public let choosesPerGroup: Bool
  private var cache: EvictionCache
  /// Attention gathered so far, `[unit][token]`.
  private var gathered: [[Float]] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    recentShare = parameters.number(Self.recentShare)
    sinks = parameters.integer(.sinks)
    choosesPerGroup = parameters.word(.scope) == "group"
    cache = EvictionCache(group, perGroup: choosesPerGroup)
  }

  public mutating func observe(_ prompt: PromptView) {
    gathered = cache.units.map { unit in
      cache.heads(unit).map { prompt.accumulatedAttention(head: $0) }.summed
    }
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var record = EvictionRecord(block)
    for (step, k) in block.budgets.enumerated() {
      let keeping = Guard(sinks: sinks, recent: Int(Double(k) * recentShare))
      for unit in cache.units {
        cache.join(unit, block.steps[step])
        let values = gathered[unit]
        cache.shrink(unit, to: k, keeping: keeping) { values[$0] }
        record.add(cache, unit: unit, step: step)
        for head in cache.heads(unit) {
          let weights = block.attention(block.row(head: head, step: step), over: cache.kept[unit])
          for (token, weight) in zip(cache.kept[unit], weights) { gathered[unit][Int(token)] += weight }
        }
      }
    }
    let selections = record.selections
    block.chargeState(selections, perGroup: choosesPerGroup)
    return selections
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) { (cache.bytes(perToken: 4), 0) }
}
