import Foundation
import Results

/// How an export writes rows; the file's extension says which.
public enum ExportFormat: String, CaseIterable {
  case csv, json, jsonl, parquet

  /// Nil where the extension is none of them.
  public static func of(_ path: String) -> ExportFormat? {
    ExportFormat(rawValue: URL(filePath: path).pathExtension.lowercased())
  }
}

/// RFC 4180. A field says by itself what it is: text is quoted, a number is not, NULL is nothing at all.
struct CSVText {
  /// Whether text that a spreadsheet would compute is written as text to it too.
  var escapesFormulas = false

  static func line(_ fields: [String]) -> String { fields.joined(separator: ",") + "\n" }

  /// Appends a line to a file's bytes.
  func append(_ row: [ExportedValue], to bytes: inout [UInt8]) {
    for (place, value) in row.enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: ",")) }
      switch value {
      case .null: break
      case .integer(let value): bytes.append(decimal: value)
      case .real(let value): bytes.append(decimal: value)
      case .text(let text): bytes += field(text).utf8
      }
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  func field(_ text: String) -> String {
    let safe = escapesFormulas && Self.isFormula(text) ? "'\(text)" : text
    return safe.utf8.contains(UInt8(ascii: "\""))
      ? "\"\(safe.replacing("\"", with: "\"\""))\"" : "\"\(safe)\""
  }

  /// Whether a spreadsheet may take a text for a formula: by its first character (https://owasp.org/www-community/attacks/CSV_Injection),
  /// numbers aside.
  static func isFormula(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first else { return false }
    return "=+-@\t\r\n＝＋－＠".unicodeScalars.contains(first) && Double(text) == nil
  }
}

/// Rows as JSON objects, their members in the columns' order.
struct JSONText {
  /// What stands before each member's value.
  private let keys: [[UInt8]]

  init(_ columns: [String]) throws {
    keys = try columns.enumerated().map { place, name in
      var key = Array((place == 0 ? "" : ",").utf8)
      try Self.append(name, to: &key)
      key.append(UInt8(ascii: ":"))
      return key
    }
  }

  /// Appends an object to a file's bytes.
  func append(_ row: [ExportedValue], to bytes: inout [UInt8]) throws {
    bytes.append(UInt8(ascii: "{"))
    for (key, value) in zip(keys, row) {
      bytes += key
      switch value {
      case .null: bytes += "null".utf8
      case .integer(let value): bytes.append(decimal: value)
      case .real(let value): bytes.append(decimal: value)
      case .text(let value): try Self.append(value, to: &bytes)
      }
    }
    bytes.append(UInt8(ascii: "}"))
  }

  /// An encoder is made only for a text with characters that JSON writes otherwise.
  private static func append(_ text: String, to bytes: inout [UInt8]) throws {
    let isPlain = text.utf8.allSatisfy {
      $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
    }
    if isPlain {
      bytes.append(UInt8(ascii: "\""))
      bytes += text.utf8
      return bytes.append(UInt8(ascii: "\""))
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    bytes += try encoder.encode(text)
  }
}
