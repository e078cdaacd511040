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

  func field(_ value: ExportedValue) -> String {
    switch value {
    case .null: ""
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let text): field(text)
    }
  }

  func field(_ text: String) -> String {
    let safe = escapesFormulas && Self.isFormula(text) ? "'\(text)" : text
    return "\"\(safe.replacing("\"", with: "\"\""))\""
  }

  /// Whether a spreadsheet may take a text for a formula: by its first character (https://owasp.org/www-community/attacks/CSV_Injection),
  /// numbers aside.
  static func isFormula(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first else { return false }
    return "=+-@\t\r\n＝＋－＠".unicodeScalars.contains(first) && Double(text) == nil
  }
}

/// A row as a JSON object, its members in the columns' order.
enum JSONText {
  static func object(_ columns: [String], _ values: [ExportedValue]) throws -> String {
    let members = try zip(columns, values).map { "\(try text($0)):\(try value($1))" }
    return "{\(members.joined(separator: ","))}"
  }

  private static func value(_ value: ExportedValue) throws -> String {
    switch value {
    case .null: "null"
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let value): try text(value)
    }
  }

  private static func text(_ text: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return String(decoding: try encoder.encode(text), as: UTF8.self)
  }
}
