import Foundation
import GRDB
import Simulator
import TestSupport
import Testing
import Traces

@testable import Experiments
@testable import Results
@testable import fasa_sim

/// What a comparison over several texts tells beside the differences: each text's, modelled times, and live runs.
@Suite struct CompareTablesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ text: String) throws -> Executable.Outcome {
    try Executable.run(text.split(separator: " ").map(String.init), in: folder)
  }

  private static func cells(_ text: String) -> [[String]] {
    text.split(separator: "\n").map { line in
      line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter {
        !$0.isEmpty
      }
    }
  }

  private func replayFiveTexts(_ more: String = "") throws {
    for seed in 1...5 {
      try SyntheticTrace(prompt: 40, decode: 10, window: 4, seed: UInt64(seed)).write(
        to: folder.path("\(seed).zst"))
    }
    let replay = try run(
      "replay 1.zst 2.zst 3.zst 4.zst 5.zst --policy oracle,random --budget 8 --detail step --no-timing"
        + more)
    #expect(replay.status == 0, "\(replay.errors)")
  }

  private func rows(_ sql: String) throws -> [Row] {
    try ResultsStore(path: folder.path("runs.db"), access: .readOnly).read { try Row.fetchAll($0, sql: sql) }
  }

  /// Five are as many as a p needs.
  @Test func everyTextHasItsOwnDifference() throws {
    try replayFiveTexts()
    let found = try run("compare oracle random")
    #expect(found.status == 0)
    let cells = Self.cells(found.output)
    #expect(cells[0].last == "p, Holm")
    // Random choices are so much worse on every text that no resample is on the other side: 2 / 10,001, times four metrics.
    #expect(cells.first { $0.first == "output_error" }?.last == "< 0.001")
    #expect(cells.first { $0.first == "bytes, per-head" }?.suffix(2) == ["exact", "–"])
    #expect(!found.output.contains("no p: "))
    let differences = try rows(
      """
      SELECT b.recall - a.recall AS recall, b.output_error - a.output_error AS output_error
      FROM summary AS a JOIN summary AS b ON b.trace_digest = a.trace_digest AND b.policy = 'random'
      WHERE a.policy = 'oracle'
      """
    ).map { [NumberText.decimal($0["recall"] as Double), NumberText.decimal($0["output_error"] as Double)] }
    let title = try #require(cells.firstIndex(of: ["By text"]))
    #expect(cells[title + 1] == ["difference on", "recall", "mass", "output_error", "weighted_output_error"])
    let told = cells[(title + 3)..<(title + 8)]
    #expect(told.allSatisfy { $0.count == 5 && $0[0] == "none" })
    #expect(Set(told.map { [$0[1], $0[3]] }) == Set(differences) && differences.count == 5)
  }

  /// The mean of each side's times over the texts, and the geometric mean of their ratios.
  @Test func modelledTimesOfBothSidesStandTogether() throws {
    try replayFiveTexts(" --hardware a100-40gb")
    let found = try run("compare oracle random")
    let sides = try ["oracle", "random"].map { policy in
      try rows(
        """
        SELECT sum(duration_ns) AS ns FROM modelled JOIN summary USING (configuration)
        WHERE policy = '\(policy)' AND stage <> 'dense' GROUP BY configuration ORDER BY trace_digest
        """
      ).map { $0["ns"] as Double }
    }
    #expect(sides.map(\.count) == [5, 5])
    let logs = zip(sides[0], sides[1]).map { log($0 / $1) }
    let cells = Self.cells(found.output)
    let title = try #require(cells.firstIndex(of: ["Modelled time"]))
    #expect(
      cells[title + 1] == [
        "hardware", "geometry", "context", "batch", "reading", "oracle, µs", "random, µs", "speed-up",
        "model's error, p50", "p90",
      ])
    let row = cells[title + 3]
    #expect(row.prefix(5) == ["a100-40gb/vllm", "own (extrapolated)", row[2], "1", "group-union"])
    let microseconds = sides.map { NumberText.decimal($0.reduce(0, +) / 5000, places: 1) }
    let speedUp = NumberText.times(exp(logs.reduce(0, +) / 5))
    #expect(Array(row[5...7]) == microseconds + [speedUp])
    let json = try run("compare oracle random --json")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect((object["modelled"] as? [[String: Any]])?.count == 1)
  }

  @Test func linesAreOfMetricsBytesAndRuns() throws {
    try replayFiveTexts()
    let lines = try run("compare oracle random -o csv").output.split(separator: "\n")
    #expect(
      lines.map { $0.split(separator: ",")[0] } == [
        #""metric""#, #""recall""#, #""mass""#, #""output_error""#, #""weighted_output_error""#,
        #""per_head_bytes_share""#, #""group_union_bytes_share""#,
      ])
    for seed in [0, 3] {
      let replay =
        "replay 1.zst --policy oracle,random --budget 8 --seed \(seed) --detail step --no-timing --db two.db"
      #expect(try run(replay).status == 0)
    }
    let pairs = try run("compare run:1 run:2 --db two.db -o jsonl").output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(pairs.map { $0["a"] as? String } == ["oracle @ 8", "random @ 8"])
    // The oracle draws nothing, so that another seed is the same.
    #expect(pairs[0]["output_error_difference"] as? Double == 0)
    #expect(pairs[1]["output_error_difference"] as? Double != 0)
    #expect(pairs.allSatisfy { $0["per_head_bytes_share_difference"] as? Double == 0 })
    #expect(pairs.allSatisfy { $0["trace"] as? String == "none" && $0["kernel_speedup_ratio"] is NSNull })
  }

  /// A report as the Python package writes it: what is lost by the second row doubles in the third.
  private static func report() -> String {
    let steps = (0..<16).map { 0.5 + Double($0 % 5) / 4 }
    func row(_ policy: String, _ budget: String?, _ factor: Double) -> String {
      let series = steps.map { "\(factor * $0)" }.joined(separator: ",")
      let mean = factor * steps.reduce(0, +) / 16
      return """
        {"policy": "\(policy)", "budget": \(budget.map { "\"\($0)\"" } ?? "null"),
         "label": "\(policy)\(budget.map { " @ \($0)" } ?? "")", "nll": [\(series)], "kl": [\(series)],
         "flipped": [\(steps.map { _ in "false" }.joined(separator: ","))], "tokens": null, "parted_at": null,
         "means": {"nll": \(mean), "kl": \(mean), "kl_interval": [0, 1], "flipped": 0},
         "attention": {"calls": 8, "own": {"recall": 0.5, "mass": null}, "open_loop": {"recall": 0.25},
           "by_step": {"own": {"recall": [\(series)]}, "open_loop": null},
           "by_layer": {"own": {"recall": [0.5]}, "open_loop": {"recall": [0.25]}},
           "read_bytes": 1000, "choices": "\(String(repeating: "a", count: 64))"}}
        """
    }
    return """
      {"task": "text", "format": 2, "engine": "transformers 5", "library": "fasa-sim 0.1.0 abc",
       "model": {"name": "tiny", "architecture": "llama", "weights": "f32", "sha256": "\(String(repeating: "b", count: 64))"},
       "text": {"title": "a book", "sha256": "c", "tokens_sha256": "\(String(repeating: "d", count: 64))"},
       "settings": {"prompt": 100, "steps": 16, "sampling": "teacher-forced", "seed": 0, "window": 64},
       "noise_floor": {"kl": 1e-11, "logits": 2e-6}, "gates": [{"name": "identity", "value": 0}],
       "seconds": {"gates": 1, "prompt": 2, "steps": 3},
       "rows": [\(row("dense", nil, 0)), \(row("quest", "64", 1)), \(row("h2o", "64", 2))]}
      """
  }

  private static func keys(_ policy: String, found: [Bool]) -> String {
    let keys = found.enumerated().map { number, found in
      """
      {"length": 512, "depth": 0.5, "number": \(number), "seed": 7, "key": "12345", "context_tokens": 500,
       "found": \(found), "nll": 0.5, "kl": 0.25}
      """
    }
    return
      "{\"policy\": \"\(policy)\", \"budget\": \"64\", \"label\": \"\(policy) @ 64\", \"keys\": [\(keys.joined(separator: ","))]}"
  }

  private func storeLiveRuns() throws {
    let store = try ResultsStore(path: folder.path("runs.db"))
    try store.store(LiveRun(json: Data(Self.report().utf8)))
    let rows = [
      Self.keys("quest", found: [true, true, false]), Self.keys("h2o", found: [false, true, false]),
    ]
    let passkeys = """
      {"task": "passkey", "engine": "transformers 5", "library": "fasa-sim 0.1.0 abc",
       "model": {"name": "tiny", "architecture": "llama", "weights": "f32", "sha256": "\(String(repeating: "b", count: 64))"},
       "settings": {"prompt": 512, "steps": 0, "sampling": "teacher-forced", "seed": 7},
       "rows": [\(rows.joined(separator: ","))]}
      """
    try store.store(LiveRun(json: Data(passkeys.utf8)))
  }

  @Test func liveRunsAloneAreCompared() throws {
    try storeLiveRuns()
    let found = try run("compare quest@64 h2o@64")
    #expect(found.status == 0, "\(found.errors)")
    let cells = Self.cells(found.output)
    #expect(cells[0] == ["In a live model"])
    #expect(cells[1] == ["quest@64", "h2o@64", "difference", "95 % interval"])
    // Steps cost 0.5 to 1.5 nats, 15 of them 1 in the mean and one 0.5: the other side loses as much again.
    let mean = NumberText.decimal(15.5 / 16), double = NumberText.decimal(15.5 / 8)
    #expect(cells[3].prefix(4) == ["kl", mean, double, mean])
    #expect(found.output.contains("note: paired over a book (tiny); kl and nll in nats per token\n"))
    #expect(found.output.contains("note: passkeys found, of 3: 2 by quest@64, 1 by h2o@64\n"))
    let json = try run("compare quest@64 h2o@64 --json")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect(object["texts"] as? [String] == ["a book (tiny)"])
    #expect(object["keys"] as? [String: Int] == ["asked": 3, "a": 2, "b": 1])
    let metrics = try #require(object["metrics"] as? [[String: Any]])
    #expect(
      metrics.first?["metric"] as? String == "kl" && metrics.first?["difference"] as? Double == 15.5 / 16)
  }

  @Test func replaysAndLiveRunsOfOneNameStandTogether() throws {
    try storeLiveRuns()
    try Inputs.trace(in: folder)
    #expect(try run("replay t.zst --policy quest,h2o --budget 64 --detail step --no-timing").status == 0)
    let text = try run("compare quest@64 h2o@64").output
    let replayed = try #require(text.range(of: "Where output_error differs most"))
    let live = try #require(text.range(of: "In a live model"))
    #expect(replayed.lowerBound < live.lowerBound)
    let json = try run("compare quest@64 h2o@64 --json")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    #expect((object["live"] as? [String: Any])?["b"] as? String == "h2o @ 64")
    #expect((object["metrics"] as? [[String: Any]])?.first?["metric"] as? String == "recall")
  }
}
