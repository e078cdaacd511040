import Foundation
import Testing

@testable import Results

/// Live runs in a database: as they were told, once, and compared step by step.
@Suite struct LiveStoreTests {
  /// A report of `fasa-live run --json` over a few steps, as the Python package writes it.
  static func report(title: String = "a book", rows: [(policy: String, budget: String?, kl: [Double])])
    -> String
  {
    let rows = rows.map { row in
      let name = row.budget.map { "\(row.policy) @ \($0)" } ?? row.policy
      let series = row.kl.map { "\($0)" }.joined(separator: ",")
      let mean = row.kl.reduce(0, +) / Double(row.kl.count)
      return """
        {"policy": "\(row.policy)", "budget": \(row.budget.map { "\"\($0)\"" } ?? "null"), "label": "\(name)",
         "nll": [\(series)], "kl": [\(series)], "flipped": [\(row.kl.map { $0 > 1 ? "true" : "false" }.joined(separator: ","))],
         "tokens": null, "parted_at": null,
         "means": {"nll": \(mean), "kl": \(mean), "kl_interval": [\(mean / 2), \(mean * 2)], "flipped": 0.5},
         "attention": {"calls": 8, "own": {"recall": 0.5, "mass": null}, "open_loop": {"recall": 0.25},
           "by_step": {"own": {"recall": [\(series)]}, "open_loop": null},
           "by_layer": {"own": {"recall": [0.5, 0.75]}, "open_loop": {"recall": [null, 0.125]}},
           "read_bytes": 1000, "choices": "\(String(repeating: "a", count: 64))"}}
        """
    }
    return """
      {"task": "text", "format": 2, "engine": "transformers 5", "library": "fasa-sim 0.1.0 abc",
       "model": {"name": "tiny", "architecture": "llama", "weights": "f32", "sha256": "\(String(repeating: "b", count: 64))"},
       "text": {"title": "\(title)", "sha256": "c", "tokens_sha256": "\(String(repeating: title.count % 2 == 0 ? "d" : "e", count: 64))"},
       "settings": {"prompt": 100, "steps": 16, "sampling": "teacher-forced", "seed": 0, "window": 64},
       "noise_floor": {"kl": 1e-11, "logits": 2e-6}, "gates": [{"name": "identity", "value": 0}],
       "seconds": {"gates": 1, "prompt": 2, "steps": 3}, "rows": [\(rows.joined(separator: ","))]}
      """
  }

  static func keys(_ found: [[Bool]], number: Int = 0) -> String {
    let rows = found.enumerated().map { row, found in
      let keys = found.enumerated().map { place, found in
        """
        {"length": 512, "depth": 0.5, "number": \(number + place), "seed": 7, "key": "12345", "context_tokens": 500, "found": \(found),
         "nll": 0.5, "kl": 0.25}
        """
      }
      return
        "{\"policy\": \"\(row == 0 ? "dense" : "quest")\", \"budget\": \(row == 0 ? "null" : "\"64\""), \"label\": \"\(row == 0 ? "dense" : "quest @ 64")\", \"keys\": [\(keys.joined(separator: ","))]}"
    }
    return """
      {"task": "passkey", "engine": "transformers 5", "library": "fasa-sim 0.1.0 abc",
       "model": {"name": "tiny", "architecture": "llama", "weights": "f32", "sha256": "\(String(repeating: "b", count: 64))"},
       "settings": {"prompt": 512, "steps": 0, "sampling": "teacher-forced", "seed": 7}, "rows": [\(rows.joined(separator: ","))]}
      """
  }

  static func run(_ json: String) throws -> LiveRun { try LiveRun(json: Data(json.utf8)) }

  private func rows(_ store: ResultsStore, _ table: String) throws -> [[String: ExportedValue]] {
    var names: [String] = []
    var result: [[String: ExportedValue]] = []
    _ = try store.export(table, columns: { names = $0.map(\.name) }) { values in
      result.append(Dictionary(uniqueKeysWithValues: zip(names, values)))
    }
    return result
  }

  private let steps = (0..<16).map { 0.5 + Double($0 % 5) / 4 }

  @Test func aRunIsStoredAsItWasTold() throws {
    let store = try ResultsStore(path: ":memory:")
    let text = Self.report(rows: [("dense", nil, steps.map { _ in 0 }), ("quest", "64", steps)])
    try store.store(Self.run(text))
    let summary = try rows(store, "live_summary")
    #expect(summary.map { $0["label"] } == [.text("dense"), .text("quest @ 64")])
    #expect(summary[1]["kl"] == .real(steps.reduce(0, +) / 16))
    #expect(summary[1]["nll_difference"] == .real(steps.reduce(0, +) / 16))
    #expect(summary[1]["recall"] == .real(0.5))
    #expect(summary[1]["open_loop_recall"] == .real(0.25))
    #expect(summary[1]["mass"] == .null)
    #expect(summary[1]["read_bytes_share"] == .real(1))
    #expect(summary[1]["keys_asked"] == .null)
    let stored = try rows(store, "live_steps")
    #expect(stored.count == 32)
    #expect(stored[16 + 4]["kl"] == .real(steps[4]))
    #expect(stored[16 + 4]["position"] == .integer(104))
    #expect(stored[16 + 4]["flipped"] == .integer(1))
    #expect(stored[16 + 4]["recall"] == .real(steps[4]))
    let layers = try rows(store, "live_layers")
    #expect(layers.map { $0["recall"] } == [.real(0.5), .real(0.75), .real(0.5), .real(0.75)])
    #expect(layers[3]["open_loop_recall"] == .real(0.125))
    #expect(layers[2]["open_loop_recall"] == .null)
    #expect(
      try rows(store, "live_runs")[0]["settings"]
        == .text(
          "{\"prompt\":100,\"sampling\":\"teacher-forced\",\"seed\":0,\"steps\":16,\"window\":64}"))
  }

  @Test func theSameRunIsThereOnceAndAnotherTextIsAnother() throws {
    let store = try ResultsStore(path: ":memory:")
    let rows: [(policy: String, budget: String?, kl: [Double])] = [
      ("dense", nil, steps), ("quest", "64", steps),
    ]
    for title in ["a book", "a book", "a song!"] {
      try store.store(Self.run(Self.report(title: title, rows: rows)))
    }
    #expect(try self.rows(store, "live_runs").count == 2)
    #expect(try self.rows(store, "live_rows").count == 4)
  }

  @Test func moreKeysJoinThoseThatAreThere() throws {
    let store = try ResultsStore(path: ":memory:")
    try store.store(Self.run(Self.keys([[true, true], [false, true]])))
    try store.store(Self.run(Self.keys([[true, true], [true, true]], number: 1)))
    let summary = try rows(store, "live_summary")
    #expect(summary.map { $0["keys_asked"] } == [.integer(3), .integer(3)])
    // The second key stays as it was found first.
    #expect(summary.map { $0["keys_found"] } == [.integer(3), .integer(2)])
    #expect(try store.liveComparison("quest", "dense")?.keys == .init(asked: 3, a: 2, b: 3))
  }

  @Test func rowsAreComparedStepByStepOverTheTextsThatHaveBoth() throws {
    let store = try ResultsStore(path: ":memory:")
    let double = steps.map { 2 * $0 }
    for title in ["a book", "a song!"] {
      try store.store(
        Self.run(
          Self.report(
            title: title, rows: [("dense", nil, steps), ("quest", "64", steps), ("h2o", "64", double)])))
    }
    let found = try #require(try store.liveComparison("quest@64", "h2o"))
    #expect(found.texts == ["a book (tiny)", "a song! (tiny)"])
    let kl = try #require(found.differences.first)
    #expect(kl.metric == "kl")
    #expect(abs(kl.difference - steps.reduce(0, +) / 16) < 1e-12)
    let interval = try #require(kl.interval)
    #expect(interval.contains(kl.difference) && interval.lowerBound > 0)
    #expect(try store.liveComparison("quest", "fasa") == nil)
    #expect(try !store.hasReplay(of: "quest", "h2o"))
  }

  @Test func aNameOfSeveralRowsIsRefused() throws {
    let store = try ResultsStore(path: ":memory:")
    try store.store(
      Self.run(Self.report(rows: [("dense", nil, steps), ("quest", "64", steps), ("quest", "128", steps)])))
    #expect(throws: ResultsError.self) { try store.liveComparison("quest", "dense") }
    #expect(try store.liveComparison("quest@128", "dense") != nil)
  }

  @Test func whatIsNoReportIsRefused() {
    for text in ["", "[]", "{}", Self.report(rows: []).replacing("\"engine\"", with: "\"motor\"")] {
      #expect(throws: (any Error).self) { try Self.run(text) }
    }
  }
}

extension ResultsStore {
  /// A text and keys, each by two rows.
  func addLiveRuns() throws {
    try store(
      LiveStoreTests.run(
        LiveStoreTests.report(rows: [("dense", nil, [0, 0]), ("quest", "64", [0.5, 1.5])])))
    try store(LiveStoreTests.run(LiveStoreTests.keys([[true], [false]])))
  }
}
