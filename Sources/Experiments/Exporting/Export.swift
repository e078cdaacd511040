import Foundation
import Results
import Traces

/// Writes the rows of a table or view of a database to a file.
public struct Export {
  private let store: ResultsStore
  private let view: String
  private let only: Set<Int64>?
  private let csv: CSVText

  /// - Parameters:
  ///   - view: the table or view, such as `summary`.
  ///   - only: rows of `configurations` that alone are written; nil for all.
  ///   - escapesFormulas: whether CSV marks text that a spreadsheet would compute.
  public init(store: ResultsStore, view: String, only: Set<Int64>? = nil, escapesFormulas: Bool = false) {
    self.store = store
    self.only = only
    self.view = view
    csv = CSVText(escapesFormulas: escapesFormulas)
  }

  /// Writes all rows; the file appears when it is complete, in place of one that is there.
  ///
  /// - Returns: the rows written.
  /// - Throws: ``ResultsError`` where there is no such view, `TraceError` where the file cannot be written.
  public func write(_ format: ExportFormat, to path: String) throws -> Int {
    let file = try OutputFile(path: path)
    let count =
      switch format {
      case .csv: try writeCSV(to: file)
      case .jsonl: try writeObjects(to: file, between: "\n", closing: "\n")
      case .json:
        try writeObjects(to: file, opening: "[\n", between: ",\n", closing: "\n]\n", none: "[]\n")
      case .parquet: try writeParquet(to: file)
      }
    try file.publish()
    return count
  }

  private func writeCSV(to file: OutputFile) throws -> Int {
    try store.export(view, only: only) { columns in
      try file.write(CSVText.line(columns.map { csv.field($0.name) }))
    } body: { row in
      try file.write(CSVText.line(row.map(csv.field)))
    }
  }

  /// - Parameter opening, between, closing: what stands round the objects; nothing but `none` where there are none.
  private func writeObjects(
    to file: OutputFile, opening: String = "", between: String, closing: String, none: String = ""
  ) throws -> Int {
    var names: [String] = []
    var separator = opening
    let count = try store.export(view, only: only) { columns in
      names = columns.map(\.name)
    } body: { row in
      try file.write(separator + JSONText.object(names, row))
      separator = between
    }
    try file.write(count == 0 ? none : closing)
    return count
  }

  private func writeParquet(to file: OutputFile) throws -> Int {
    var parquet: ParquetFile?
    let count = try store.export(view, only: only) { columns in
      parquet = try ParquetFile(columns, to: file)
    } body: { row in
      try parquet?.append(row)
    }
    try parquet?.finish()
    return count
  }
}
