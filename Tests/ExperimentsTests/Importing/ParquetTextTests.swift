import Foundation
import Pricing
import TestSupport
import Testing

@testable import Experiments

/// Programs that stand for DuckDB and Python say what they were asked, so that no reader need be installed.
@Suite struct ParquetTextTests {
  let folder: TemporaryFolder
  let source: String

  init() throws {
    folder = try TemporaryFolder()
    // A name that a shell or a query would take apart.
    source = try folder.file(Data("PAR1 content".utf8), "it's $(x); \"*\".parquet")
  }

  private func program(_ name: String, _ script: String) throws {
    let path = try folder.file(Data("#!/bin/sh\n\(script)\n".utf8), name)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
  }

  private func csv() throws -> String {
    let search = "\(folder.path("nowhere")):\(folder.url.path(percentEncoded: false))"
    return String(decoding: try ParquetText(path: source, searchPath: search).csv(), as: UTF8.self)
  }

  @Test func argumentsHoldNoNameOfTheUsers() {
    #expect(
      ParquetReader.duckdb.arguments.last
        == "COPY (SELECT * FROM read_parquet('table.parquet')) TO 'table.csv' (FORMAT csv, HEADER)")
    #expect(ParquetReader.python3.arguments.first == "-c" && ParquetReader.python3.arguments.count == 2)
    #expect(ParquetReader.python3.arguments.last?.contains("parquet.read_table(\"table.parquet\")") == true)
  }

  @Test func duckDBComesFirst() throws {
    try program("duckdb", "{ printf '%s\\n' \"$@\"; /bin/cat table.parquet; } > table.csv")
    try program("python3", "exit 1")
    let said = try csv()
    #expect(said == (ParquetReader.duckdb.arguments + ["PAR1 content"]).joined(separator: "\n"))
  }

  @Test func pythonFollows() throws {
    try program("python3", "/bin/cat table.parquet > table.csv")
    #expect(try csv() == "PAR1 content")
  }

  @Test(arguments: [false, true]) func withoutAReaderBothAreNamed(hasPython: Bool) throws {
    if hasPython { try program("python3", "exit 3") }
    // A folder of that name is no program.
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "duckdb"), withIntermediateDirectories: false)
    let error = #expect(throws: PricingError.self) { try csv() }
    #expect(
      error?.description
        == "\(source): expected DuckDB's command duckdb, or python3 with pyarrow, to read Parquet with, found neither; install one of them, or give the table as CSV"
    )
  }

  @Test(arguments: [
    (
      "duckdb", "echo '-- note' >&2; echo 'Invalid Input Error: no magic' >&2; echo '   ^' >&2; exit 1",
      "'Invalid Input Error: no magic'"
    ),
    ("duckdb", "exit 7", "the exit status 7"), ("duckdb", "true", "the exit status 0"),
    (
      "python3", "echo 'Traceback' >&2; echo 'ArrowInvalid: no magic' >&2; exit 1", "'ArrowInvalid: no magic'"
    ),
  ])
  func aReadersFailureIsTold(name: String, script: String, found: String) throws {
    try program(name, script)
    let error = #expect(throws: PricingError.self) { try csv() }
    #expect(error?.found == found && error?.place == source)
  }
}
