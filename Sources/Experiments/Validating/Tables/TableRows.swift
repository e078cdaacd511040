import Foundation
import Pricing

/// The rows of a CSV, each with its place and the names of its columns.
struct TableRows {
  let path: String
  let columns: [String: Int]
  let cells: [TableCells]

  /// - Throws: `PricingError` where there is no header or no row, or a row has more or fewer cells than the header.
  init(_ data: Data, path: String) throws {
    let table = try QuotedCSV(data, file: path)
    let (lines, names) = (table.lines, try table.header(of: path))
    let columns = Dictionary(zip(names, names.indices)) { first, _ in first }
    cells = try lines.dropFirst().map { line in
      let place = "\(path):\(line.number)"
      guard line.fields.count == names.count else {
        throw PricingError(place, expected: "\(names.count) columns", found: "\(line.fields.count)")
      }
      return TableCells(place: place, fields: line.fields, columns: columns)
    }
    guard !cells.isEmpty else {
      throw PricingError(path, expected: "measurements", found: "a header alone")
    }
    self.path = path
    self.columns = columns
  }
}

extension TableCells {
  /// - Throws: `PricingError` where nothing is in the cell.
  func needed(_ name: String) throws -> String {
    guard let text = text(name) else {
      throw PricingError("\(place): \(name)", expected: "a name", found: "an empty cell")
    }
    return text
  }

  /// A whole number of heads, tokens, sequences or channels, as what is computed with.
  func count(_ name: String) throws -> Double { Double(try whole(name)) }

  /// - Throws: `PricingError` where it is none, or beyond the range.
  func number(_ name: String, unit: String, range: ClosedRange<Double>) throws -> Double {
    let text = text(name) ?? ""
    guard let value = Double(text), range.contains(value) else {
      throw PricingError(
        "\(place): \(name)", expected: "\(unit), from \(range.lowerBound) to \(range.upperBound)",
        found: "'\(text)'")
    }
    return value
  }

  /// - Throws: `PricingError` where the text is none of the names.
  func choice<Value>(_ name: String, _ values: [String: Value]) throws -> Value {
    guard let value = values[text(name) ?? ""] else {
      throw PricingError(
        "\(place): \(name)", expected: values.keys.filter { !$0.isEmpty }.sorted().joined(separator: ", "),
        found: "'\(text(name) ?? "")'")
    }
    return value
  }
}
