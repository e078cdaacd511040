/// Attention sinks and a sliding window (Xiao et al., ICLR 2024): the first s and the last k - s tokens.
public struct StreamingLLM: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "streaming-llm", summary: "Keeps the first s tokens and the most recent k - s.",
    paper: "https://arxiv.org/abs/2309.17453", kind: .eviction,
    parameters: [
      ParameterDescriptor.sinks.defaulting(
        to: .integer(4), help: "first tokens kept: 4 in the paper, 8 in FASA's comparison")
    ],
    common: [.denseLayers])

  private let group: GroupContext
  private let sinks: Int

  public init(parameters: ParameterValues, group: GroupContext) {
    self.group = group
    sinks = parameters.integer("sinks")
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    var result = Selections()
    for _ in group.queryHeads {
      for (step, k) in zip(block.steps, block.budgets) {
        let first = min(sinks, k)
        let start = step.visible.lowerBound
        result.appendRow(start..<(start + first), (step.visible.upperBound - (k - first))..<step.visible.upperBound)
      }
    }
    return result
  }
}
