/// A program that reads Parquet, and how it is asked to write a table as CSV.
///
/// Both files have fixed names in a folder of their own, in which the program runs, so that no name of a user's becomes part of a
/// query or a script.
enum ParquetReader: String, CaseIterable {
  case duckdb, python3

  static let source = "table.parquet"
  static let result = "table.csv"
  /// What the script exits with where Python has no pyarrow.
  static let lacksLibrary: Int32 = 3

  /// As people call it.
  var title: String {
    switch self {
    case .duckdb: "DuckDB"
    case .python3: "pyarrow"
    }
  }

  var arguments: [String] {
    switch self {
    case .duckdb:
      // A user's start-up file could change anything.
      [
        "-init", "/dev/null", "-csv", "-c",
        "COPY (SELECT * FROM read_parquet('\(Self.source)')) TO '\(Self.result)' (FORMAT csv, HEADER)",
      ]
    case .python3: ["-c", Self.script]
    }
  }

  /// The line of what it wrote to standard error that says why it failed; nil where it said nothing.
  func reason(of errors: String) -> Substring? {
    let lines = errors.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
    return switch self {
    // Excerpts of the query follow it.
    case .duckdb: lines.first { $0.contains("Error") } ?? lines.first
    // The calls that led there come before it.
    case .python3: lines.last
    }
  }

  /// Not by pyarrow's own writer, which knows fewer types than its reader.
  private static let script = """
    import csv, sys
    try:
        from pyarrow import parquet
    except ImportError:
        sys.exit(\(lacksLibrary))
    table = parquet.read_table("\(source)")
    with open("\(result)", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\\n")
        writer.writerow(table.column_names)
        for batch in table.to_batches():
            writer.writerows(zip(*(column.to_pylist() for column in batch.columns)))
    """
}
