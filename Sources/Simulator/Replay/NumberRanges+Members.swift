import Attention

extension NumberRanges {
  /// Those of `all` that these name.
  ///
  /// - Throws: ``ReplayError`` where they name others; `what` they are and `path`, where, are for its message.
  public func members(of all: [Int], what: String, path: String) throws -> [Int] {
    let missing = subtracting(all)
    guard missing.ranges.isEmpty else {
      throw ReplayError(
        path, expected: "\(what)s among its \(NumberRanges(all).text(atMost: Self.shownInErrors))",
        found: missing.text(atMost: Self.shownInErrors), advice: "choose among those")
    }
    return numbers(atMost: all.count) ?? all
  }

  /// Ranges that an error names at most.
  public static let shownInErrors = 8
}
