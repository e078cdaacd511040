import GRDB
import Simulator
import Testing

@testable import Results

/// The views `comparison` and `pareto` against numbers worked by hand.
struct ComparisonTests {
  let store: ResultsStore

  init() throws { store = try ResultsStore.inMemory() }

  private func rows(_ sql: String) throws -> [Row] { try store.read { try Row.fetchAll($0, sql: sql) } }

  /// Two heads; recall as given, everything else 0.5.
  private func heads(_ recall: [[Double]]) -> [HeadResult] {
    recall.enumerated().map { head, values in
      Samples.head(queryHead: head) { metric, step in metric == .recall ? values[step] : 0.5 }
    }
  }

  @Test func differencesArePairedByHead() throws {
    try store.add(
      try Samples.configuration("fasa", heads: heads([[0.25, 0.75], [1, 1]])),
      try Samples.configuration("oracle", heads: heads([[1, 1], [1, .nan]])))
    let pairs = try rows(
      "SELECT * FROM comparison WHERE configuration_a = 1 AND configuration_b = 2 ORDER BY query_head")
    #expect(pairs.map { $0["label_b"] } == ["oracle @ 4", "oracle @ 4"])
    #expect(pairs[0]["recall_a"] == 0.5)
    #expect(pairs[0]["recall_b"] == 1.0)
    #expect(pairs[0]["recall_difference"] == 0.5)
    #expect(pairs[0]["mass_difference"] == 0.0)
    // One side is undefined at a step: the other's mean is over other steps, so there is no pair.
    #expect(pairs[1]["recall_b"] == 1.0)
    #expect(pairs[1]["recall_difference"] == nil)
    let turned = try rows("SELECT * FROM comparison WHERE configuration_a = 2 AND query_head = 0")
    #expect(turned.map { $0["recall_difference"] } == [-0.5])
  }

  /// (1 · 0.5 + 3 · 0.25) / 4 and (1 · 1 + 3 · 0.5) / 4.
  @Test func weightedErrorsArePairedByHead() throws {
    func head(_ errors: [Double]) -> HeadResult {
      Samples.head(norm: { [1, 3][$0] }) { metric, step in metric == .outputError ? errors[step] : 0.5 }
    }
    try store.add(
      try Samples.configuration("fasa", heads: [head([0.5, 0.25])]),
      try Samples.configuration("oracle", heads: [head([1, 0.5])]),
      try Samples.configuration("random", heads: [head([1, .nan])]))
    let pairs = try rows("SELECT * FROM comparison WHERE configuration_a = 1 ORDER BY configuration_b")
    #expect(pairs.map { $0["weighted_output_error_a"] } == [0.3125, 0.3125])
    #expect(pairs.map { $0["weighted_output_error_b"] } == [0.625, 1.0])
    #expect(pairs.map { $0["weighted_output_error_difference"] } == [0.3125, nil])
  }

  @Test func differentInputsAreNeverCompared() throws {
    let configuration = try Samples.configuration("fasa")
    let more = try Samples.configuration("oracle", heads: [Samples.head(steps: 3) { _, _ in 1 }])
    let run = try store.beginRun(Samples.run)
    try store.store(Samples.result([configuration]), run: run, detail: .head)
    try store.store(Samples.result(trace: "0", [configuration]), run: run, detail: .head)
    try store.store(Samples.result(steps: 3, [more]), run: run, detail: .head)
    #expect(try store.configurations().count == 3)
    #expect(try rows("SELECT * FROM comparison").isEmpty)
  }

  private func point(
    _ policy: String, error: Double, perHead: Int, groupUnion: Int
  ) throws -> ConfigurationResult {
    let head = Samples.head { metric, _ in metric == .outputError ? error : 0.5 }
    return try Samples.configuration(
      policy, heads: [head], traffic: [Samples.keys(perHead: perHead, groupUnion: groupUnion)])
  }

  private func front(_ reading: String) throws -> [String] {
    try rows("SELECT label FROM pareto WHERE reading = '\(reading)' ORDER BY configuration").map {
      $0["label"]
    }
  }

  @Test func theFrontHoldsWhatNothingBeats() throws {
    try store.add(
      try point("fasa", error: 0.1, perHead: 300, groupUnion: 100),
      try point("fasa:sinks=1", error: 0.2, perHead: 200, groupUnion: 50),
      // Dominated by the line above, unless each head reads for itself.
      try point("fasa:sinks=2", error: 0.2, perHead: 150, groupUnion: 60),
      try point("fasa:sinks=3", error: 0.3, perHead: 200, groupUnion: 50),
      // Equals the first, so neither dominates.
      try point("fasa:sinks=4", error: 0.1, perHead: 300, groupUnion: 100),
      try point("fasa:sinks=5", error: .nan, perHead: 1, groupUnion: 1),
      try point("oracle", error: 0.01, perHead: 2, groupUnion: 2),
      try point("dense", error: 0, perHead: 800, groupUnion: 400))
    #expect(try front("group-union") == ["fasa @ 4", "fasa:sinks=1 @ 4", "fasa:sinks=4 @ 4", "dense"])
    #expect(try front("per-head") == ["fasa @ 4", "fasa:sinks=2 @ 4", "fasa:sinks=4 @ 4", "dense"])
    let first = try #require(try rows("SELECT * FROM pareto WHERE reading = 'group-union'").first)
    #expect(first["moved_bytes"] == 100)
    #expect(first["bytes_share"] == 0.25)
    #expect(first["output_error"] == 0.1)
    #expect(first["trace_digest"] == Samples.digest("f"))
  }
}
