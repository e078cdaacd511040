/// Rows of one kind as lines, for other programs: an object a line, or CSV.
package enum RecordLines {
  /// An object a line.
  package static func jsonLines(_ rows: [some Encodable]) throws -> String {
    try rows.map { try OrderedJSON($0).line + "\n" }.joined()
  }

  /// RFC 4180: a line of names, then a line a row. A field says what it is as exported files do: text is quoted, a number is not,
  /// what is not known is nothing. A list or an object is its JSON, as text.
  package static func csv(_ rows: [some Encodable]) throws -> String {
    let objects = try rows.map { row -> [OrderedJSON.Member] in
      guard case .object(let members) = try OrderedJSON(row) else { return [] }
      return members
    }
    guard let first = objects.first else { return "" }
    let csv = CSVText()
    return CSVText.line(first.map { csv.field($0.name) })
      + objects.map { CSVText.line($0.map { field($0.value, csv) }) }.joined()
  }

  private static func field(_ value: OrderedJSON, _ csv: CSVText) -> String {
    switch value {
    case .null: ""
    case .text(let text): csv.field(text)
    case .array, .object: csv.field(value.line)
    case .boolean, .integer, .real: value.line
    }
  }
}
