import Policies

/// Half of the budget for the newest tokens, the rest spread evenly over those before, as in strided attention (Child et al., 2019).
struct Strided: Policy {
  static let descriptor = PolicyDescriptor(
    name: "strided", summary: "Keeps the newest k/2 tokens, and k/2 spread evenly over those before.",
    paper: "https://arxiv.org/abs/1904.10509", kind: .selection, common: [.denseLayers], cost: "nothing")

  private let group: GroupContext

  init(parameters: ParameterValues, group: GroupContext) { self.group = group }

  func choose(_ block: QueryBlock) -> Selections? {
    var result = Selections()
    for _ in group.queryHeads {
      for (step, k) in zip(block.steps, block.budgets) {
        let newest = step.visible.suffix(k - k / 2)
        let before = step.visible.dropLast(newest.count)
        let spread = (0..<k / 2).map { before.lowerBound + $0 * before.count / (k / 2) }
        result.appendRow((spread + newest).map(Int32.init))
      }
    }
    return result
  }
}
