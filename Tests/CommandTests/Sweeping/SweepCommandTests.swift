import Foundation
import GRDB
import Policies
import Simulator
import TestSupport
import Testing
import Traces

@testable import Experiments
@testable import Results
@testable import fasa_sim

@Suite struct SweepCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    try Inputs.trace(in: folder, name: "u.zst", seed: 2)
  }

  func run(_ text: String) throws -> Executable.Outcome {
    try Executable.run(text.split(separator: " ").map(String.init), in: folder)
  }

  func number(_ sql: String, _ file: String = "runs.db") throws -> Int? {
    try ResultsStore(path: folder.path(file), access: .readOnly).read { try Int.fetchOne($0, sql: sql) }
  }

  static let flags =
    "sweep t.zst u.zst --policy random:sinks=1/2/3/4/5/6/7/8/9,streaming-llm:sinks=1/2,oracle,dense --budget 10,20,19% --no-timing"

  @Test func theSameResultsAsReplay() throws {
    let swept = try run(Self.flags)
    #expect(swept.status == 0 && swept.errors.isEmpty, "\(swept.errors)")
    #expect(try number("SELECT count(*) FROM configurations") == 74)
    #expect(try number("SELECT count(*) FROM runs WHERE ended_at IS NOT NULL") == 1)
    #expect(try number("SELECT count(*) FROM run_configurations WHERE run = 1") == 74)
    let replayed = try run(Self.flags.replacing("sweep", with: "replay") + " --db r.db")
    #expect(replayed.status == 0)
    let digests = { (file: String) in
      try ResultsStore(path: folder.path(file), access: .readOnly).configurations().map {
        "\($0.identity) \($0.exactResultsDigest)"
      }.sorted()
    }
    #expect(try digests("runs.db") == digests("r.db"))
  }

  @Test func theBestOfEachBudgetAreShown() throws {
    let found = try run(Self.flags + " --json")
    let json = try #require(try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any])
    #expect(
      Set(json.keys) == ["database", "run", "reused_configurations", "best", "notes", "configurations"])
    #expect((json["configurations"] as? [Any])?.count == 74)
    let best = try #require(json["best"] as? [[String: Any]])
    // Bounds are left out: two policies at three budgets.
    #expect(best.map { $0["label"] as? String }.allSatisfy { $0?.hasPrefix("streaming-llm:sinks=") == true })
    #expect(best.map { $0["budget"] as? String } == ["10", "10", "20", "20", "0.19", "0.19"])
    for pair in [0, 2, 4] {
      let errors = best[pair..<pair + 2].compactMap { $0["output_error"] as? Double }
      #expect(errors.count == 2 && errors[0] <= errors[1])
    }
    // Means over the traces.
    let rows = try ResultsStore(path: folder.path("runs.db"), access: .readOnly).summaries()
    let label = try #require(best[0]["label"] as? String)
    let weighted = rows.filter { $0.label == label }.compactMap(\.weightedOutputError)
    #expect(weighted.count == 2)
    #expect(
      abs((weighted[0] + weighted[1]) / 2 - (try #require(best[0]["weighted_output_error"] as? Double)))
        < 1e-15
    )
    let errors = rows.filter { $0.label == label }.compactMap(\.outputError)
    #expect(errors.count == 2)
    #expect(abs((errors[0] + errors[1]) / 2 - (try #require(best[0]["output_error"] as? Double))) < 1e-15)
  }

  @Test func aFileIsTheSameSweep() throws {
    _ = try folder.file(
      Data(
        """
        traces: [t.zst, u.zst]
        policies:
          - random: {sinks: [1, 2, 3, 4, 5, 6, 7, 8, 9]}
          - streaming-llm: {sinks: [1, 2]}
          - oracle
          - dense
        budgets: [10, 20, 19%]
        timing: false
        """.utf8), "s.yaml")
    #expect(try run("sweep s.yaml").output.contains("74 configurations in runs.db; took "))
    let again = try run(Self.flags)
    #expect(again.output.contains("74 configurations in runs.db, 74 of which were there already"))
  }

  @Test func aDryRunListsAndWritesNothing() throws {
    let listed = try run(Self.flags + " --dry-run")
    #expect(listed.status == 0 && listed.errors.isEmpty)
    #expect(listed.output.contains("t.zst: 37 of 37 to run\n"))
    #expect(listed.output.contains("streaming-llm:sinks=2  10, 20, 0.19       6       0\n"))
    #expect(!folder.holds("runs.db"))
    #expect(try run("replay t.zst --policy oracle --budget 10 --no-timing").status == 0)
    let json = try run(Self.flags + " --dry-run --json")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    let first = try #require((object["traces"] as? [[String: Any]])?.first)
    #expect(first["stored"] as? [String] == ["oracle @ 10"])
    #expect((first["to_run"] as? [String])?.count == 36)
    let lines = try run(
      "sweep t.zst u.zst --policy oracle,dense --budget 10 --no-timing --dry-run -o csv"
    ).output
    #expect(
      lines == """
        "trace","policy","label","budget","is_stored"
        "t.zst","oracle","oracle @ 10","10",true
        "t.zst","dense","dense",,false
        "u.zst","oracle","oracle @ 10","10",false
        "u.zst","dense","dense",,false

        """)
  }

  /// Stored configurations are priced too.
  @Test func storedAndNewConfigurationsArePriced() throws {
    try Inputs.trace(in: folder)
    let command = "sweep t.zst --policy oracle,streaming-llm --budget 8,16 --db runs.db --no-timing"
    _ = try Executable.run(command.split(separator: " ").map(String.init), in: folder)
    let priced = (command + " --hardware a100-40gb").split(separator: " ").map(String.init)
    #expect(try Executable.run(priced, in: folder).status == 0)
    #expect(try number("SELECT count(*) FROM modelled_speedups WHERE modelled_speedup > 0") == 4)
  }

  @Test(arguments: [
    (
      "sweep t.zst --policy oracle --budget 8 --hardware h100,a100",
      "Error: 'h100': expected the name of a machine, "
    ),
    ("sweep none.yaml", "none.yaml: expected a YAML file that can be read, found none; check the path"),
    ("sweep t.zst none.zst --policy oracle --budget 8", "none.zst: expected a readable file"),
    (
      "sweep t.zst t.zst --policy oracle --budget 8",
      "t.zst: expected another trace, found that of t.zst again"
    ),
    (
      "sweep t.zst --policy loki --budget 8",
      "; else leave that policy or that trace out"
    ),
    ("sweep t.zst --policy nope --budget 8", "policy 'nope': expected one that there is"),
    ("sweep t.zst --policy oracle --budget 8 --layers 5", "t.zst: expected layers among its 0-1, found 5"),
  ])
  func oneLineExit1AndNothingWritten(command: String, message: String) throws {
    let found = try run(command + " --db s.db")
    #expect(found.status == 1 && found.output.isEmpty && found.errorLines.count == 1)
    #expect(found.errors.contains(message), "\(found.errors)")
    // Damage and the like are met before anything is stored.
    let runs = folder.holds("s.db") ? try number("SELECT count(*) FROM runs", "s.db") : 0
    #expect(runs == 0)
  }

  @Test(arguments: [
    ("sweep t.zst", "expected a YAML file, or traces with --policy and --budget"),
    ("sweep s.yaml --policy oracle", "--policy and s.yaml: expected one of them, found both"),
    ("sweep s.yaml t.zst", "s.yaml: expected one YAML file alone, found 2 inputs"),
    ("sweep t.zst --policy oracle --budget 0", "--budget"),
  ])
  func aCommandLineThatCannotBeReadIsExit64(command: String, message: String) throws {
    let found = try run(command)
    #expect(found.status == 64 && found.errors.contains(message), "\(found.errors)")
  }
}
