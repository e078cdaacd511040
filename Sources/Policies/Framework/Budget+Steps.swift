import Attention

extension Budget {
  /// The tokens this budget gives at each step: the rule every policy but the bounds follows.
  public func tokens(of steps: [Step]) -> [Int] { steps.map { tokens(visible: $0.visible.count) } }
}
