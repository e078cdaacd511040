import Foundation
import Results

/// How an export writes rows; the file's extension says which.
enum ExportFormat: String, CaseIterable {
  case csv, json, jsonl, parquet

  static func of(_ path: String) -> ExportFormat? {
    ExportFormat(rawValue: URL(filePath: path).pathExtension.lowercased())
  }
}

/// RFC 4180: fields that hold commas, quotes or line breaks are quoted. NULL is an empty field, an empty text a quoted one.
enum CSVText {
  static func line(_ fields: [String]) -> String { fields.joined(separator: ",") + "\n" }

  static func field(_ value: ExportedValue) -> String {
    switch value {
    case .null: ""
    case .integer(let value): "\(value)"
    case .real(let value): "\(value)"
    case .text(let text): field(text)
    }
  }

  static func field(_ text: String) -> String {
    let isPlain = !text.isEmpty && !text.unicodeScalars.contains { ",\"\n\r".unicodeScalars.contains($0) }
    return isPlain ? text : "\"\(text.replacing("\"", with: "\"\""))\""
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
    // JSON has no infinities.
    case .real(let value): value.isFinite ? "\(value)" : "null"
    case .text(let value): try text(value)
    }
  }

  private static func text(_ text: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return String(decoding: try encoder.encode(text), as: UTF8.self)
  }
}
