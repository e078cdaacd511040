import Foundation
import GRDB
import TestSupport
import Testing

@testable import Experiments
@testable import Results
@testable import fasa_sim

@Suite struct ExportCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    #expect(try run("replay t.zst --policy oracle,random --budget 10 --no-timing").status == 0)
  }

  func run(_ text: String, environment: [String: String] = [:]) throws -> Executable.Outcome {
    try Executable.run(text.split(separator: " ").map(String.init), in: folder, environment: environment)
  }

  @Test func csvHoldsEveryRowAndColumn() throws {
    let found = try run("export head_summaries -o h.csv")
    #expect(found.status == 0 && found.output == "h.csv: 24 rows of head_summaries\n")
    let lines = try folder.text("h.csv").split(separator: "\n")
    #expect(lines.count == 25)
    let columns = lines[0].split(separator: ",")
    #expect(columns.prefix(4) == ["\"configuration\"", "\"layer\"", "\"query_head\"", "\"kv_head\""])
    #expect(
      lines.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == columns.count })
    // Text is quoted, whatever it holds; numbers are not; NULL is nothing.
    #expect(try run("export summary -o s.csv").status == 0)
    #expect(
      try folder.text("s.csv").contains(
        #","random @ 10","{""dense-layers"":0,""recent"":0,""sinks"":0}","10","0",1,"#))
    #expect(try folder.text("s.csv").contains(",,,,"))
  }

  /// What is named, in the tables and views that tell configurations apart.
  @Test(arguments: [
    ("summary", "oracle", 1), ("summary", "oracle@10,random", 2), ("configurations", "configuration:2", 1),
    ("head_summaries", "random@layers:0-1", 12), ("head_summaries", "random@10@steps:0-39@heads:0-5", 12),
  ])
  func namedConfigurationsAloneAreWritten(view: String, names: String, rows: Int) throws {
    let found = try run("export \(view) --only \(names) -o o.csv --force")
    #expect(found.output == "o.csv: \(rows) \(rows == 1 ? "row" : "rows") of \(view)\n", "\(found.errors)")
  }

  @Test(arguments: [
    (
      "summary", "orcle",
      "'orcle': expected a stored configuration of that name, found none; did you mean 'oracle'?"
    ),
    ("summary", "oracle@11", "of oracle there are oracle@10"),
    ("summary", "oracle@layers:7", "there are oracle@10@layers:0-1"),
    ("runs", "oracle", "with rows of configurations, found one without"),
  ])
  func namesThatAreNotThereAreErrors(view: String, name: String, message: String) throws {
    let found = try run("export \(view) --only \(name) -o o.csv")
    #expect(found.status == 1 && found.errors.contains(message), "\(found.errors)")
    #expect(!folder.holds("o.csv"))
  }

  /// Another program may have written it.
  @Test func aTextGoesOnBehindAZero() throws {
    try DatabaseQueue(path: folder.path("runs.db")).write {
      try $0.execute(sql: "UPDATE traces SET text_title = 'a' || char(0) || 'b'")
    }
    #expect(try run("export traces -o t.jsonl").status == 0)
    #expect(try folder.text("t.jsonl").contains(#""text_title":"a\u0000b""#))
  }

  @Test func jsonIsAnArrayAndLines() throws {
    #expect(try run("export summary -o s.json").status == 0)
    let rows = try #require(
      try JSONSerialization.jsonObject(with: Data(folder.text("s.json").utf8)) as? [[String: Any]])
    #expect(rows.map { $0["label"] as? String } == ["oracle @ 10", "random @ 10"])
    #expect(rows[0]["recall"] as? Double == 1 && rows[0]["kernel_speedup"] is NSNull)
    #expect(try run("export summary -o s.jsonl").status == 0)
    let lines = try folder.text("s.jsonl").split(separator: "\n")
    #expect(lines.count == 2 && lines.allSatisfy { $0.hasPrefix("{\"configuration\":") && $0.hasSuffix("}") })
    #expect(try run("export modelled -o m.json").status == 0)
    #expect(try folder.text("m.json") == "[]\n")
  }

  /// A database is not replaced, whatever its name, nor a link that leads nowhere.
  @Test func noDatabaseIsReplaced() throws {
    try FileManager.default.copyItem(atPath: folder.path("runs.db"), toPath: folder.path("copy.csv"))
    let before = try Data(contentsOf: URL(filePath: folder.path("copy.csv")))
    let found = try run("export summary --db copy.csv -o copy.csv --force")
    #expect(
      found.status == 1
        && found.errors.hasPrefix("Error: copy.csv: expected a place for an export, found a SQLite database"))
    #expect(try Data(contentsOf: URL(filePath: folder.path("copy.csv"))) == before)
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("link.csv"), withDestinationPath: "nowhere")
    #expect(try run("export summary -o link.csv").errors.contains("expected a name that is free"))
  }

  @Test func listNamesEveryViewAndColumn() throws {
    let listed = try run("export --list").output.split(separator: "\n")
    func columns(_ name: String) -> String? {
      listed.first { $0.hasPrefix("\(name) ") }.map {
        String($0.dropFirst(name.count + 1).drop { $0 == " " })
      }
    }
    #expect(columns("summary (view)")?.hasPrefix("configuration, identity, build, run, ") == true)
    #expect(columns("steps (table)")?.hasPrefix("configuration, layer, ") == true)
    #expect(!listed.contains { $0.hasPrefix("sqlite_") || $0.hasPrefix("grdb") })
  }

  /// Tests/docs reads it with pyarrow, polars and DuckDB; here its frame, without any of them.
  @Test func parquetIsWrittenWithoutAnotherProgram() throws {
    let environment = ["PATH": folder.path("nothing")]
    for view in ["summary", "modelled"] {
      let found = try run("export \(view) -o \(view).parquet", environment: environment)
      #expect(found.status == 0, "\(found.errors)")
      let bytes = try Data(contentsOf: folder.url.appending(path: "\(view).parquet"))
      let mark = Data("PAR1".utf8)
      #expect(bytes.prefix(4) == mark && bytes.suffix(4) == mark)
      let length = bytes.dropLast(4).suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      let footer = bytes.dropLast(8).suffix(length)
      #expect(
        length <= bytes.count - 12 && footer.range(of: Data("duration_ns".utf8)) != nil || view == "summary")
      #expect(footer.range(of: Data("fasa-sim version".utf8)) != nil)
    }
  }

  /// What lies in the working folder, or first on the path, is not run.
  @Test func exportRunsNothingOfTheWorkingFolder() throws {
    let trap = "open('ran', 'w').write('ran')\n"
    for name in ["json.py", "sys.py", "pyarrow.py", "polars.py", "duckdb.py", "site.py", "sitecustomize.py"] {
      _ = try folder.file(Data(trap.utf8), name)
    }
    for name in ["python3", "duckdb", "env"] {
      let program = try folder.file(Data("#!/bin/sh\ntouch '\(folder.path("ran"))'\n".utf8), name)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    }
    let environment = ["PATH": folder.path(""), "PYTHONPATH": folder.path("")]
    for format in ExportFormat.allCases {
      #expect(try run("export summary -o s.\(format.rawValue)", environment: environment).status == 0)
    }
    #expect(!folder.holds("ran"))
  }

  /// One budget a share, one a count, one none: text everywhere. A number of a real column is one where it is whole.
  @Test func aColumnHasOneTypeInEveryFormat() throws {
    #expect(try run("replay t.zst --policy oracle,dense --budget 0.25,7 --no-timing").status == 0)
    #expect(try run("export summary -o s.csv").status == 0)
    #expect(try run("export summary -o s.json").status == 0)
    let rows = try #require(
      try JSONSerialization.jsonObject(with: Data(folder.text("s.json").utf8)) as? [[String: Any]])
    #expect(rows.map { $0["budget"] as? String } == ["10", "10", "0.25", "7", nil])
    let csv = try folder.text("s.csv")
    for budget in [#","10","#, #","0.25","#, #","7","#] { #expect(csv.contains(budget), "\(budget)") }
    #expect(try folder.text("s.json").contains(#""recall":1.0,"#))
  }

  /// A trace's title is whatever its author wrote.
  @Test func formulasAreEscapedWhereAskedFor() throws {
    try DatabaseQueue(path: folder.path("runs.db")).write {
      try $0.execute(
        sql: "UPDATE traces SET text_title = '=cmd|''/c calc''!A1'; UPDATE configurations SET seed = '-5'")
    }
    #expect(try run("export summary -o s.csv").status == 0)
    #expect(try folder.text("s.csv").contains(#","=cmd|'/c calc'!A1","#))
    #expect(try run("export summary -o safe.csv --escape-formulas").status == 0)
    let safe = try folder.text("safe.csv")
    #expect(safe.contains(#","'=cmd|'/c calc'!A1","#) && safe.contains(#","-5","#))
    #expect(try run("export summary -o s.json --escape-formulas").status == 64)
  }

  @Test(arguments: [
    (
      "export nope -o s.csv",
      "runs.db: nope: expected a table or view, found none of that name; choose from bytes, comparison, "
    ),
    (
      "export sumary -o s.csv",
      "runs.db: sumary: expected a table or view, found none of that name; did you mean 'summary'?"
    ),
    ("export summary -o t.zst.csv/s.csv", "t.zst.csv/s.csv: expected to write the file, found No such file"),
    ("export summary -o s.csv --db none.db", "none.db: expected a database, found no such file"),
    (
      "export summary -o there.csv",
      "there.csv: expected a name that is free, found it taken; give --force to replace it"
    ),
  ])
  func oneLineAndNothingWritten(command: String, message: String) throws {
    _ = try folder.file(Data("mine".utf8), "there.csv")
    let found = try run(command)
    #expect(found.status == 1 && found.output.isEmpty && found.errorLines.count == 1)
    #expect(found.errors.contains(message), "\(found.errors)")
    #expect(!folder.holds("s.csv"))
    #expect(try folder.text("there.csv") == "mine")
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.url.path())
    #expect(!left.contains { $0.contains("partial") })
  }

  @Test(arguments: ["export", "export summary", "export summary -o s.txt", "export summary --list"])
  func aCommandLineThatCannotBeReadIsExit64(command: String) throws {
    #expect(try run(command).status == 64)
  }
}
