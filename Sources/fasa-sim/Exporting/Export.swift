import Foundation
import Results
import Traces

/// Writes the rows of a table or view to a file.
struct Export {
  let store: ResultsStore
  let view: String

  /// - Returns: the rows written.
  func write(_ format: ExportFormat, to path: String) throws -> Int {
    let columns = try store.exportedViews().first { $0.name == view }?.columns ?? []
    let file = try OutputFile(path: path)
    var count = 0
    switch format {
    case .csv: count = try csv(columns, to: file) { _ in }
    case .jsonl:
      try store.export(view) { row in
        count += 1
        try file.write(JSONText.object(columns, row) + "\n")
      }
    case .json:
      try store.export(view) { row in
        try file.write((count == 0 ? "[\n" : ",\n") + JSONText.object(columns, row))
        count += 1
      }
      try file.write(count == 0 ? "[]\n" : "\n]\n")
    case .parquet:
      // Beside the file, so that both are on one disk.
      let text = try OutputFile(path: path)
      var types: [ExportedType] = []
      count = try csv(columns, to: text) { types = $0 }
      try text.flush()
      try ParquetWriter(columns: Array(zip(columns, types))).convert(text.partialPath, to: file)
    }
    try file.publish()
    return count
  }

  private func csv(
    _ columns: [String], to file: OutputFile, types: @escaping ([ExportedType]) -> Void
  ) throws -> Int {
    var count = 0
    try file.write(CSVText.line(columns.map(CSVText.field)))
    try store.export(view, types: types) { row in
      count += 1
      try file.write(CSVText.line(row.map(CSVText.field)))
    }
    return count
  }
}
