import Foundation
import Results
import Simulator
import Traces

/// Turns a CSV file with known types into Parquet through a program that is there: Python with pyarrow, polars or duckdb,
/// or DuckDB's own command. There is no Parquet writer in Swift to depend on.
struct ParquetWriter {
  let columns: [(name: String, type: ExportedType)]

  /// - Throws: ``ReplayError`` where nothing on the path can write Parquet, or what can failed.
  func convert(_ source: String, to parquet: OutputFile) throws {
    let target = parquet.partialPath
    for (test, convert) in try engines(source, target) {
      guard let outcome = Self.run(test), outcome.status == 0 else { continue }
      let done = Self.run(convert)
      guard let done, done.status == 0 else {
        let reason = done?.errors.split(separator: "\n").last.map(String.init) ?? "no output"
        throw ReplayError(
          "\(parquet.path): expected \(convert[0]) to write Parquet, found an error (\(reason)); export CSV instead"
        )
      }
      return
    }
    throw ReplayError(
      "\(parquet.path): expected a program that writes Parquet, found none; install one, such as `pip install pyarrow` (or polars, or duckdb) for the python3 on the path, or the duckdb command, or export CSV"
    )
  }

  /// How to find out whether a program is there, and how to convert with it.
  private func engines(_ source: String, _ target: String) throws -> [(test: [String], convert: [String])] {
    let schema = try JSONSerialization.data(
      withJSONObject: columns.map { [$0.name, $0.type.rawValue] }, options: .withoutEscapingSlashes)
    let arguments = [source, target, String(decoding: schema, as: UTF8.self)]
    let python = Self.python.map { module, script in
      (["python3", "-c", "import \(module)"], ["python3", "-c", script] + arguments)
    }
    return python + [(["duckdb", "--version"], ["duckdb", "-c", sql(source, target)])]
  }

  private func sql(_ source: String, _ target: String) -> String {
    func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
    let types = columns.map { column in
      let type =
        switch column.type {
        case .integer: "BIGINT"
        case .real: "DOUBLE"
        case .text: "VARCHAR"
        }
      return "\(quoted(column.name)): '\(type)'"
    }
    return """
      COPY (SELECT * FROM read_csv(\(quoted(source)), header = true, auto_detect = false, delim = ',', quote = '"', escape = '"', \
      nullstr = '', allow_quoted_nulls = false, columns = {\(types.joined(separator: ", "))})) TO \(quoted(target)) (FORMAT parquet)
      """
  }

  private static let head =
    "import json, sys; source, target, schema = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])\n"

  /// By module. Each reads the CSV file in pieces with the types that it is given.
  private static let python: [(module: String, script: String)] = [
    (
      "pyarrow",
      head + """
        import pyarrow as pa, pyarrow.csv as csv, pyarrow.parquet as pq
        types = {n: {"integer": pa.int64(), "real": pa.float64(), "text": pa.string()}[t] for n, t in schema}
        options = csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False)
        reader = csv.open_csv(source, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=options)
        with pq.ParquetWriter(target, reader.schema) as writer:
            for batch in reader: writer.write_batch(batch)
        """
    ),
    (
      "polars",
      head + """
        import polars as pl
        types = {n: {"integer": pl.Int64, "real": pl.Float64, "text": pl.String}[t] for n, t in schema}
        pl.scan_csv(source, schema=types).sink_parquet(target)
        """
    ),
    (
      "duckdb",
      head + """
        import duckdb
        types = {n: {"integer": "BIGINT", "real": "DOUBLE", "text": "VARCHAR"}[t] for n, t in schema}
        duckdb.read_csv(source, header=True, columns=types, auto_detect=False, delimiter=",", quotechar='"', escapechar='"', na_values="").write_parquet(target)
        """
    ),
  ]

  private static func run(_ command: [String]) -> (status: Int32, errors: String)? {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let errors = Pipe()
    process.standardError = errors
    guard (try? process.run()) != nil else { return nil }
    // Read before waiting: a full pipe would hold the program.
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }
}
