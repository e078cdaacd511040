/// What a policy may know of the prompt when decoding begins. The prompt itself is computed with full attention,
/// whatever the policy, and what is looked at here is not charged to the decode steps.
public struct PromptView {
  /// The traced queries of the prompt, in order: the observation window. Nil where the trace has none.
  public let window: ScoredBlock?
  /// For each query head of the group the sum over all prompt queries of their attention to each prompt
  /// token, `[head][prompt tokens]`; nil where the trace does not hold it.
  public let attention: [[Float]]?
  public let tables: GroupTables

  public init(window: ScoredBlock?, attention: [[Float]]?, tables: GroupTables) {
    self.window = window
    self.attention = attention
    self.tables = tables
  }
}
