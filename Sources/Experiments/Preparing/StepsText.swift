import Attention

/// Decode steps as people write them.
package enum StepsText {
  /// `0-31` as a range; nil where it is none.
  package static func range(_ text: String) -> Range<Int>? {
    guard let ranges = NumberRanges(text)?.ranges, ranges.count == 1 else { return nil }
    return ranges[0].lowerBound..<ranges[0].upperBound + 1
  }
}
