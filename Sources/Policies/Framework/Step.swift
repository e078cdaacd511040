/// One traced query position that a policy answers.
public struct Step: Sendable, Hashable {
  /// Decode step, counted from 0 over the traced queries that follow the prompt; below 0 for those of the prompt.
  public let index: Int
  /// Token position of the query.
  public let position: Int
  /// Tokens the query may see, its own included; starts above zero under a sliding window.
  public let visible: Range<Int>

  public init(index: Int, position: Int, visible: Range<Int>) {
    self.index = index
    self.position = position
    self.visible = visible
  }
}
