/// Tokens that are kept whatever their score, counted in the budget.
public struct Guard: Hashable, Sendable {
  /// First tokens of the visible range.
  public let sinks: Int
  /// Last tokens of it, the query's own included.
  public let recent: Int

  public init(sinks: Int = 0, recent: Int = 0) {
    self.sinks = sinks
    self.recent = recent
  }

  /// Splits the visible tokens into sinks, those left to choose among, and recent ones. Where the
  /// budget cannot hold both, sinks come first.
  public func split(_ visible: Range<Int>, budget: Int) -> (
    sinks: Range<Int>, middle: Range<Int>, recent: Range<Int>
  ) {
    let first = max(0, min(sinks, budget, visible.count))
    let last = max(0, min(recent, budget - first, visible.count - first))
    let start = visible.lowerBound + first
    let end = visible.upperBound - last
    return (visible.lowerBound..<start, start..<end, end..<visible.upperBound)
  }
}
