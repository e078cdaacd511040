import Attention
import Results

/// The order in which rows are shown, and how many.
public struct RowRanking: Sendable {
  /// What rows are ordered by, the best first.
  public enum Key: String, Sendable, CaseIterable {
    case outputError = "output-error"
    case weightedError = "weighted-error"
    case recall, mass, bytes, kernel

    fileprivate var isBetterLarge: Bool { self == .recall || self == .mass || self == .kernel }

    fileprivate func value(_ row: SummaryRow, _ reading: Reading) -> Double? {
      switch self {
      case .outputError: row.outputError
      case .weightedError: row.weightedOutputError
      case .recall: row.recall
      case .mass: row.mass
      case .bytes: row.bytesShare(reading)
      case .kernel: row.kernelSpeedup
      }
    }
  }

  let key: Key
  /// Of each table; nil for all.
  let most: Int?
  let reading: Reading

  /// - Parameters:
  ///   - most: rows of each table; nil for all.
  ///   - reading: how the heads of a KV head read, where bytes are the key.
  public init(_ key: Key, most: Int? = nil, reading: Reading = .groupUnion) {
    self.key = key
    self.most = most
    self.reading = reading
  }

  /// Rows at a budget, and those of policies that size their own sets, which no budget makes alike; each the best first, what
  /// has no value last, equals in their order.
  package func tables<Row>(_ rows: [Row], _ summary: (Row) -> SummaryRow) -> (budgeted: [Row], own: [Row]) {
    func ranked(_ rows: [Row]) -> [Row] {
      let ordered = rows.enumerated().sorted { left, right in
        let (a, b) = (key.value(summary(left.element), reading), key.value(summary(right.element), reading))
        guard let a, let b, a != b else {
          return a != nil && b == nil || (a == nil) == (b == nil) && left.offset < right.offset
        }
        return key.isBetterLarge ? a > b : a < b
      }
      return ordered.prefix(most ?? rows.count).map(\.element)
    }
    return (
      ranked(rows.filter { summary($0).budget != nil }), ranked(rows.filter { summary($0).budget == nil })
    )
  }
}
