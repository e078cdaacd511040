import Attention

/// The smallest set whose softmax mass reaches p: how few tokens would do, query by query.
public struct OracleMass: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "oracle-mass",
    summary: "Keeps the smallest set whose exact attention mass reaches p, whatever the budget.",
    kind: .bound,
    parameters: [p],
    common: [.denseLayers], usesBudget: false, cost: "every key: d a token")

  static let p = ParameterDescriptor(
    "p", .number(0.01...1), default: .number(0.95), help: "attention mass to reach")

  private let share: Double

  public init(parameters: ParameterValues, group: GroupContext) { share = parameters.number(Self.p) }

  /// Its own k is what it needed; the replay takes it from the sets chosen.
  public func budgets(of steps: [Step], asked: Budget) -> [Int] { steps.map(\.visible.count) }

  public func choose(_ block: QueryBlock) -> Selections? { block.smallestSets(reaching: share) }

  public var readsChosenKeys: Bool { false }

  public func scorePass() -> ScorePass { .full }
}
