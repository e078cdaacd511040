import Attention

/// Full attention: every token, every step.
public struct Dense: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "dense", summary: "Attends to every token: the cost that the others are measured against.",
    kind: .bound, common: [], usesBudget: false, cost: "nothing")

  init() {}

  public init(parameters: ParameterValues, group: GroupContext) {}

  public func budgets(of steps: [Step], asked: Budget) -> [Int] { steps.map(\.visible.count) }

  public func choose(_ block: QueryBlock) -> Selections? { nil }
}
