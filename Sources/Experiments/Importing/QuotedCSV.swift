import Foundation
import Pricing

/// Comma-separated text as DuckDB, Python and spreadsheets write it (RFC 4180): a field in quotes may hold commas, line ends
/// and doubled quotes. Empty lines, and lines that begin with `#`, are no rows.
struct QuotedCSV {
  struct Line: Equatable {
    /// Where it begins, from 1.
    let number: Int
    let fields: [String]
  }

  let lines: [Line]

  /// - Parameter file: as errors shall name it.
  /// - Throws: `PricingError` where the bytes are no text, or a quote does not end.
  init(_ data: Data, file: String) throws {
    guard let text = String(data: data, encoding: .utf8) else {
      throw PricingError(
        file, expected: "text in UTF-8", found: "other bytes", advice: "give the table as CSV or as Parquet")
    }
    var scanner = Scanner()
    for byte in text.utf8 { scanner.take(byte) }
    guard let lines = scanner.end() else {
      throw PricingError(
        "\(file):\(scanner.start)", expected: "a field that ends with a quote", found: "the file's end",
        advice: "write the table anew")
    }
    self.lines = lines
  }

  /// The names of the columns.
  ///
  /// - Throws: `PricingError` where there is no line.
  func header(of file: String) throws -> [String] {
    guard let header = lines.first?.fields else {
      throw PricingError(file, expected: "a header line", found: "an empty file")
    }
    // A byte order mark, which some programs write, belongs to no name.
    return header.map { $0.hasPrefix("\u{FEFF}") ? String($0.dropFirst()) : $0 }
  }

  private struct Scanner {
    private(set) var start = 1
    private var number = 1
    private var lines: [Line] = []
    private var fields: [String] = []
    private var field: [UInt8] = []
    private var isQuoted = false
    private var isComment = false
    /// A quote inside quotes ends them, unless another follows.
    private var hasJustClosed = false
    private var isAtLineStart: Bool { fields.isEmpty && field.isEmpty && !hasJustClosed }

    mutating func take(_ byte: UInt8) {
      defer { if byte == UInt8(ascii: "\n") { number += 1 } }
      if isQuoted {
        if byte != UInt8(ascii: "\"") { return field.append(byte) }
        isQuoted = false
        hasJustClosed = true
        return
      }
      switch byte {
      case UInt8(ascii: "\n"): endLine()
      case UInt8(ascii: "\r"): break
      case _ where isComment: break
      case UInt8(ascii: "#") where isAtLineStart: isComment = true
      case UInt8(ascii: ","): endField()
      case UInt8(ascii: "\""):
        if hasJustClosed { field.append(byte) }
        isQuoted = true
      default: field.append(byte)
      }
    }

    /// Nil where a quote is open.
    mutating func end() -> [Line]? {
      if isQuoted { return nil }
      endLine()
      return lines
    }

    private mutating func endField() {
      fields.append(String(decoding: field, as: UTF8.self).trimmingCharacters(in: .whitespaces))
      field.removeAll(keepingCapacity: true)
      hasJustClosed = false
    }

    private mutating func endLine() {
      if !isAtLineStart {
        endField()
        lines.append(Line(number: start, fields: fields))
      }
      fields = []
      isComment = false
      start = number + 1
    }
  }
}
