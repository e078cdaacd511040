import Foundation
import Testing

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
    #expect(columns.prefix(4) == ["configuration", "layer", "query_head", "kv_head"])
    #expect(
      lines.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == columns.count })
    // NULL is nothing; JSON in a field is quoted.
    #expect(try run("export summary -o s.csv").status == 0)
    #expect(
      try folder.text("s.csv").contains(#",random @ 10,"{""dense-layers"":0,""recent"":0,""sinks"":0}","#))
    #expect(try folder.text("s.csv").contains(",,,,"))
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

  @Test func listNamesEveryViewAndColumn() throws {
    let listed = try run("export --list").output.split(separator: "\n")
    #expect(listed.contains { $0.hasPrefix("summary (view): configuration, identity, run, ") })
    #expect(listed.contains { $0.hasPrefix("steps (table): configuration, layer, ") })
    #expect(!listed.contains { $0.hasPrefix("sqlite_") || $0.hasPrefix("grdb") })
  }

  /// What is on the path decides; here stand-ins for python3, so that the test is the same everywhere.
  @Test func parquetIsWrittenByWhatIsThere() throws {
    let bin = folder.url.appending(path: "bin")
    try FileManager.default.createDirectory(at: bin, withIntermediateDirectories: true)
    func install(_ script: String) throws {
      let file = bin.appending(path: "python3")
      try Data("#!/bin/sh\n\(script)\n".utf8).write(to: file)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path())
    }
    let path = ["PATH": bin.path()]
    let none = try run("export summary -o s.parquet", environment: path)
    #expect(none.status == 1 && none.errorLines.count == 1)
    #expect(
      none.errors.contains(
        "s.parquet: expected a program that writes Parquet, found none; install one, such as `pip install pyarrow`"
      ))
    // Fails at the work: its last line is told.
    try install("case \"$2\" in 'import pyarrow') exit 0;; esac; echo first >&2; echo no room >&2; exit 3")
    let failed = try run("export summary -o s.parquet", environment: path)
    #expect(failed.status == 1 && failed.errors.contains("found an error (no room); export CSV instead"))
    #expect(!folder.holds("s.parquet"))
    // Writes what it was given: the types.
    try install(
      "case \"$2\" in 'import polars') ;; 'import '[pd]*) exit 1;; *) echo \"$5\" > \"$4\";; esac")
    #expect(try run("export summary -o s.parquet", environment: path).status == 0)
    let types = try folder.text("s.parquet")
    #expect(types.contains(#"["configuration","integer"],["identity","text"]"#))
    #expect(types.contains(#"["recall","real"]"#) && types.contains(#"["kernel_speedup","text"]"#))
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.url.path())
    #expect(!left.contains { $0.contains("partial") })
  }

  @Test(arguments: [
    ("export nope -o s.csv", "runs.db: nope: expected a table or view: bytes, comparison, "),
    ("export summary -o t.zst.csv/s.csv", "t.zst.csv/s.csv: expected to write the file, found No such file"),
    ("export summary -o s.csv --db none.db", "none.db: expected a database, found no such file"),
    ("export summary -o there.csv", "there.csv: is there already: give --force to replace it"),
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

  @Test(arguments: [
    ("plain", "plain"), ("", "\"\""), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""),
    ("a\nb", "\"a\nb\""),
  ])
  func fieldsAreQuotedWhereTheyMustBe(text: String, field: String) {
    #expect(CSVText.field(text) == field)
    #expect(CSVText.field(.null) == "")
  }
}
