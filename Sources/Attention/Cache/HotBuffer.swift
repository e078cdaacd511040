/// Rows of a cache on the host that the device keeps, in the hope that a later step chooses them again.
public struct HotBuffer: Sendable, Hashable {
  /// What goes where a row that is not there is needed and none is free. Rows that the step itself reads stay.
  public enum Replacement: String, CaseIterable, Sendable, Codable {
    /// What was read longest ago. Of one step's rows those that were there already count as read after those that came.
    case lru
    /// What has been passed over once since it was last read, going round.
    case clock
    /// What came longest ago.
    case fifo
    /// What was read at the fewest steps since it came; of equals what was read longest ago.
    case lfu
    /// What is read again latest: nobody knows that, and none can do better.
    case belady
  }

  /// What is there before the first step.
  public enum Start: String, CaseIterable, Sendable, Codable {
    case empty
    /// The first rows of the prompt.
    case first
  }

  /// Tokens that it holds.
  public let tokens: Int
  public let replacement: Replacement
  /// Tokens that come and go together.
  public let page: Int
  public let start: Start

  public init(tokens: Int, replacement: Replacement = .lru, page: Int = 1, start: Start = .first) {
    self.tokens = tokens
    self.replacement = replacement
    self.page = page
    self.start = start
  }

  /// Whole pages that it holds.
  public var pages: Int { tokens / page }

  /// `4096`, `4096,clock`, `4096,lru,page=16,start=empty`
  public var label: String {
    let parts = [
      "\(tokens)", replacement == .lru ? nil : replacement.rawValue, page == 1 ? nil : "page=\(page)",
      start == .first ? nil : "start=\(start.rawValue)",
    ]
    return parts.compactMap(\.self).joined(separator: ",")
  }

  /// Reads a ``label``.
  ///
  /// - Returns: Nil where it is none.
  public init?(_ text: String) {
    var parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard let tokens = Int(parts.removeFirst()), tokens > 0 else { return nil }
    var (replacement, page, start) = (Replacement.lru, 1, Start.first)
    for part in parts {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      switch (sides[0], sides.dropFirst().first) {
      case ("page", let value?):
        guard let size = Int(value), (1...tokens).contains(size) else { return nil }
        page = size
      case ("start", let value?):
        guard let known = Start(rawValue: value) else { return nil }
        start = known
      case (let name, nil):
        guard let known = Replacement(rawValue: name) else { return nil }
        replacement = known
      default: return nil
      }
    }
    self.init(tokens: tokens, replacement: replacement, page: page, start: start)
  }
}
