import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

@Suite struct CompareCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    let run = try run("replay t.zst --policy oracle,random,streaming-llm --budget 10 --detail step")
    #expect(run.status == 0)
  }

  func run(_ text: String) throws -> Executable.Outcome {
    try Executable.run(text.split(separator: " ").map(String.init), in: folder)
  }

  @Test func theTableTellsOfQualityBytesAndTime() throws {
    let found = try run("compare oracle streaming-llm")
    #expect(found.status == 0 && found.errors.isEmpty)
    let rows = found.output.split(separator: "\n").map {
      $0.split(separator: "  ").map { $0.drop { $0 == " " } }
    }
    let names = rows.compactMap(\.first).map(String.init)
    for name in [
      "recall", "mass", "output_error", "weighted_output_error", "bytes, per-head", "bytes, group-union",
      "kernel",
    ] {
      #expect(names.contains(name), "\(name)")
    }
    #expect(found.output.contains("Where output_error differs most"))
    #expect(
      found.output.contains("note: not on equal footing: sinks is 0 for oracle, 4 for streaming-llm"))
    #expect(found.output.contains("layer 1 head ") && found.output.contains("step "))
  }

  @Test func markdownIsTables() throws {
    let found = try run("compare oracle random --markdown")
    #expect(found.status == 0)
    #expect(
      found.output.hasPrefix("|  | oracle | random | difference | 95 % interval |\n| --- | ---: |"))
    #expect(found.output.contains("### Where recall differs most"))
  }

  @Test func jsonHoldsTheDocumentedKeys() throws {
    let found = try run("compare oracle random --json")
    let json = try #require(try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any])
    #expect(
      Set(json.keys) == [
        "a", "b", "traces", "metrics", "bytes", "kernel", "modelled", "largest_differences", "settings",
        "not_on_equal_footing", "live",
      ])
    let kernel = try #require(json["kernel"] as? [String: Any])
    let (low, ratio, high) = (kernel["low"] as? Double, kernel["ratio"] as? Double, kernel["high"] as? Double)
    #expect(try #require(low) <= #require(ratio) && #require(ratio) <= #require(high))
    #expect(kernel["is_paired"] as? Bool == true)
    #expect((json["modelled"] as? [Any])?.isEmpty == true)
  }

  @Test func runsAreCompared() throws {
    #expect(
      try run("replay t.zst --policy random,dense --budget 10 --seed 1 --detail step --no-timing").status == 0
    )
    let found = try run("compare run:1 run:2 --verbose")
    #expect(found.status == 0)
    #expect(found.output.contains("\nrandom @ 10 "))
    #expect(
      found.output.contains("in run:1 alone: oracle @ 10, 'none' (layers 0-1, heads 0-5, steps 0-39)\n"))
    #expect(found.output.contains("in run:2 alone: dense, "))
    #expect(found.output.contains("they differ in: seed 0 / 1"))
  }

  @Test(arguments: [
    ("compare runs.db oracle random", "fasa-sim compare oracle random --db runs.db"),
    ("compare oracle random runs.db", "fasa-sim compare oracle random --db runs.db"),
    ("compare runs.db oracle", "found a file; name the database by --db"),
    ("compare oracle random dense", "dense: expected two sides, found a third"),
    ("compare oracle random --json --markdown", "--json and --markdown: expected one of them"),
  ])
  func whatCannotBeReadIsExplained(command: String, message: String) throws {
    let found = try run(command)
    #expect(found.status == 64 && found.output.isEmpty)
    #expect(found.errors.contains(message), "\(found.errors)")
  }

  @Test(arguments: [
    ("compare oracle nope", "'nope': expected a stored configuration of that name, found none"),
    ("compare oracle oracle@build:zz", "'oracle@build:zz': expected a stored configuration of that name"),
    ("compare run:1 oracle", "found one of each"),
    ("compare run:1 run:8", "runs.db: run:8: expected a stored run, found none of that number"),
    ("compare a b --db none.db", "none.db: expected a database, found no such file"),
  ])
  func whatIsNotThereIsOneLine(command: String, message: String) throws {
    let found = try run(command)
    #expect(found.status == 1 && found.output.isEmpty && found.errorLines.count == 1)
    #expect(found.errors.contains(message), "\(found.errors)")
    #expect(!folder.holds("none.db"))
  }
}
