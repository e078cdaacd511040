/// Numbers as people write them, `0-3,7`: kept as ranges, since two numbers may stand for millions.
public struct NumberRanges: Sendable, Equatable {
  /// Ascending, apart from one another by a number at least.
  public let ranges: [ClosedRange<Int>]

  /// The largest number that is read: one more than it is a number too.
  public static let largest = Int.max - 1

  /// Reads `0-3,7`; nil for anything else.
  public init?(_ text: String) {
    var read: [ClosedRange<Int>] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map(Self.number)
      guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last else {
        return nil
      }
      read.append(first...last)
    }
    self.init(read)
  }

  public init(_ numbers: some Sequence<Int>) { self.init(numbers.map { $0...$0 }) }

  /// Of any order, overlaps included; none below 0.
  public init(_ ranges: [ClosedRange<Int>]) {
    var joined: [ClosedRange<Int>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = joined.last,
        range.lowerBound <= last.upperBound || range.lowerBound - 1 == last.upperBound
      {
        joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        joined.append(range)
      }
    }
    self.ranges = joined
  }

  /// Digits alone, without a sign.
  private static func number(_ text: Substring) -> Int? {
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return Int(text).flatMap { $0 <= largest ? $0 : nil }
  }

  /// How many numbers these are; at most ``largest``.
  public var count: Int {
    ranges.reduce(0) { sum, range in
      let (count, isTooMany) = (range.upperBound - range.lowerBound).addingReportingOverflow(1 + sum)
      return isTooMany ? Self.largest : min(count, Self.largest)
    }
  }

  /// All of them, ascending; nil where there are more than `most`.
  public func numbers(atMost most: Int) -> [Int]? { count <= most ? ranges.flatMap(Array.init) : nil }

  /// What of these is not among `all`, told without a look at each number.
  ///
  /// - Complexity: O(ranges · log ranges + `all` · log `all`).
  public func subtracting(_ all: [Int]) -> NumberRanges {
    var left: [ClosedRange<Int>] = []
    var known = NumberRanges(all).ranges[...]
    for range in ranges {
      var first = range.lowerBound
      while let next = known.first, next.lowerBound <= range.upperBound {
        if next.upperBound >= first {
          if next.lowerBound > first { left.append(first...next.lowerBound - 1) }
          first = next.upperBound + 1
        }
        if next.upperBound > range.upperBound { break }
        known.removeFirst()
      }
      if first <= range.upperBound { left.append(first...range.upperBound) }
    }
    return NumberRanges(left)
  }

  /// As they are written: all of them, or as many as fit on a line and how many ranges follow.
  public func text(atMost shown: Int = .max) -> String {
    let parts = ranges.prefix(shown).map { range in
      range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }
    let rest = ranges.count - parts.count
    return parts.joined(separator: ",") + (rest > 0 ? " and \(rest) more" : "")
  }

  /// Numbers of any order.
  public static func text(_ numbers: some Sequence<Int>) -> String { NumberRanges(numbers).text() }
}
