import Pricing

/// The cells of one row, by the names of their columns.
struct TableCells {
  /// As errors shall name it.
  let place: String
  let fields: [String]
  let columns: [String: Int]

  /// Nil where there is no such column, or nothing in it.
  func text(_ name: String) -> String? {
    guard let column = columns[name], !fields[column].isEmpty else { return nil }
    return fields[column]
  }

  /// A count; `128.0` is one too, which is how a column of counts is written once some are missing.
  ///
  /// - Throws: `PricingError` where it is none, or larger than any shape.
  func whole(_ name: String, from least: Int = 1) throws -> Int {
    let text = text(name) ?? ""
    let most = 1_000_000_000
    guard let value = Double(text).flatMap({ Int(exactly: $0) }), (least...most).contains(value) else {
      throw PricingError(
        "\(place): \(name)", expected: "a whole number from \(least) to \(most)", found: "'\(text)'",
        advice: "write the table anew, or leave the row out")
    }
    return value
  }
}
