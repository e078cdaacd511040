/// Sorted numbers as people write them: `0-3,7`.
public enum NumberRanges {
  public static func text(_ numbers: [Int]) -> String {
    var parts: [String] = []
    var start: Int?
    for (index, number) in numbers.enumerated() {
      if start == nil { start = number }
      if index + 1 < numbers.count, numbers[index + 1] == number + 1 { continue }
      if let first = start { parts.append(first == number ? "\(number)" : "\(first)-\(number)") }
      start = nil
    }
    return parts.joined(separator: ",")
  }

  /// Reads `0-3,7`; nil for anything else.
  public static func parse(_ text: String) -> [Int]? {
    var result: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      switch (ends.count, ends.first ?? nil, ends.last ?? nil) {
      case (1, let only?, _) where only >= 0: result.insert(only)
      case (2, let first?, let last?) where first >= 0 && first <= last && last - first < 1_000_000:
        result.formUnion(first...last)
      default: return nil
      }
    }
    return result.sorted()
  }
}
