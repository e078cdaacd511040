/// The k tokens of highest exact score: recall 1 by definition, at the price of reading every key.
public struct Oracle: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "oracle", summary: "Keeps the k tokens of highest exact score; recall is 1 by definition.",
    kind: .bound, cost: "every key: d a token")

  public init(parameters: ParameterValues, group: GroupContext) {}

  public func choose(_ block: QueryBlock) -> Selections? { block.best(block.fullScores()) }

  public var readsChosenKeys: Bool { false }

  public func scorePass() -> ScorePass { .full }
}
