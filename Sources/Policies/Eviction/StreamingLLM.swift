/// Attention sinks and a sliding window (Xiao et al., ICLR 2024): the first s and the last k - s tokens.
public struct StreamingLLM: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "streaming-llm", summary: "Keeps the first s tokens and the most recent k - s.",
    paper: "https://arxiv.org/abs/2309.17453", kind: .eviction,
    parameters: [
      ParameterDescriptor.sinks.defaulting(
        to: .integer(4), help: "first tokens kept: 4 in the paper, 8 in FASA's comparison")
    ],
    common: [.denseLayers], cost: "nothing")

  private let group: GroupContext
  /// Sinks not yet dropped: one that a small budget gave up does not come back when a share of the cache grows.
  private var held: Int

  public init(parameters: ParameterValues, group: GroupContext) {
    self.group = group
    held = parameters.integer(.sinks)
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var kept: [(sinks: Range<Int>, recent: Range<Int>)] = []
    for (step, k) in zip(block.steps, block.budgets) {
      // The query's own token has a place, whatever the sinks.
      if k < step.visible.count { held = min(held, k - 1) }
      // A sliding window leaves the first tokens behind; later ones were never sinks.
      let sinks = step.visible.clamped(to: 0..<held)
      kept.append((sinks, (step.visible.upperBound - (k - sinks.count))..<step.visible.upperBound))
    }
    var result = Selections()
    for _ in group.queryHeads { for ranges in kept { result.appendRow(ranges.sinks, ranges.recent) } }
    return result
  }
}
