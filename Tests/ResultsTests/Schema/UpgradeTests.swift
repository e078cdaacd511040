import Foundation
import GRDB
import Simulator
import Testing

@testable import Results

/// Files of older versions say the same once they are upgraded.
struct UpgradeTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let heads = [0, 1].map { head in
    Samples.head(queryHead: head) { metric, step in
      metric == .recall && step == head ? .nan : Double(metric.rawValue + step + head) / 16
    }
  }

  private func old(
    _ store: ResultsStore, version: String = "2: modelled speed-ups", also change: String = ""
  ) throws -> String {
    try store.older(in: folder, version: version, also: change)
  }

  private func stored() throws -> ResultsStore {
    let store = try ResultsStore(path: folder.path("first.db"))
    try store.add(
      try Samples.configuration(heads: Self.heads, samples: KernelTimeTests.oddPairs),
      try Samples.configuration("oracle", heads: Self.heads), detail: .step)
    return store
  }

  /// What was stored before operations were is told apart as prices took it: what is read and what is written, and keys that
  /// are scored beside values that are gathered.
  @Test func bytesBecomeOperations() throws {
    let path = try old(
      stored(),
      also: """
        DELETE FROM main.traffic;
        INSERT INTO main.traffic VALUES (1, 0, 0, 'keys', 'device', 'stream', 0, 30, 10, 5),
          (1, 0, 0, 'values', 'device', 'gather', 128, 40, 20, 0), (1, 0, 0, 'scores', 'device', 'stream', 0, 7, 7, 8),
          (1, 0, 0, 'metadata', 'host', 'stream', 0, 3, 2, 1), (2, 0, 0, 'keys', 'device', 'stream', 0, 30, 10, 5),
          (2, 0, 0, 'values', 'device', 'stream', 0, 40, 20, 0), (2, 0, 0, 'state', 'device', 'stream', 0, 4, 4, 4);
        """)
    let rows = try ResultsStore(path: path).read { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT printf('%d %s %s %s %s %d %d %d', configuration, stage, kernel, content, tier, read_per_head_bytes,
            read_group_union_bytes, written_bytes) FROM traffic ORDER BY 1
          """)
    }
    #expect(
      rows == [
        "1 attend gather values device 40 20 0", "1 score rows keys device 30 10 0",
        "1 score rows scores device 0 0 8", "1 score vectors metadata host 3 2 0",
        "1 select select scores device 7 7 0", "1 upkeep append keys device 0 0 5",
        "1 upkeep append metadata host 0 0 1", "2 attend stream keys device 30 10 0",
        "2 attend stream values device 40 20 0", "2 upkeep accumulate state device 4 4 4",
        "2 upkeep append keys device 0 0 5",
      ])
  }

  @Test func totalsAreWhatTheOldViewsSaid() throws {
    let store = try stored()
    let path = try old(store)
    let views = ["quality", "bytes", "kernel_speedups", "kernel_stages", "summary", "comparison", "pareto"]
    func rows(_ db: Database, _ view: String, _ columns: String) throws -> [Row] {
      try Row.fetchAll(db, sql: "SELECT \(columns) FROM \(view)").sorted { "\($0)" < "\($1)" }
    }
    let queue = try DatabaseQueue(path: path)
    let before = try queue.read { db in
      try views.map { view in
        // Which steps were scored is written otherwise since.
        let columns = try db.columns(in: view).map(\.name).filter { $0 != "steps" }.joined(separator: ", ")
        return (view, columns, try rows(db, view, columns))
      }
    }
    try queue.close()
    let upgraded = try ResultsStore(path: path)
    for (view, columns, found) in before {
      #expect(!found.isEmpty)
      #expect(try upgraded.read { try rows($0, view, columns) } == found, "\(view)")
      // What is stored anew is as what was upgraded.
      #expect(
        try upgraded.read { try rows($0, view, columns) } == store.read { try rows($0, view, columns) },
        "\(view)")
    }
  }

  /// An error of before has no weight, which nothing but the trace can give; what is stored since has.
  @Test(arguments: ["2: modelled speed-ups", "5: bytes by operation"])
  func weightsOfBeforeAreUnknown(version: String) throws {
    let before = try stored()
    let store = try ResultsStore(path: old(before, version: version))
    for (old, new) in zip(try store.summaries(), try before.summaries()) {
      #expect(old.outputError == new.outputError && old.recall == new.recall)
      #expect(old.weightedOutputError == nil && new.weightedOutputError != nil)
    }
    let layers = try store.read { try Row.fetchAll($0, sql: "SELECT * FROM layer_quality") }
    #expect(layers.count == 2)
    #expect(layers.allSatisfy { $0["output_error"] != nil && $0["weighted_output_error"] == nil })
    // Everything that reads does without.
    #expect(
      try store.pairedDifferences("fasa", "oracle").differences.map(\.metric) == [
        "recall", "mass", "output_error",
      ])
    #expect(try store.pairedRuns(1, 1).pairs.allSatisfy { $0.differences.count == 3 })
    let shown = try #require(try store.report().configurations.first)
    #expect(shown.weightedOutputError.value == nil && shown.outputError.value != nil)
    try store.add(try Samples.configuration("random", heads: Self.heads), detail: .step)
    #expect(try store.summaries().last?.weightedOutputError == before.summaries().last?.weightedOutputError)
  }

  /// What a layer's projection makes of its outputs no database of before holds; what is stored since has it, beside that.
  @Test(arguments: ["5: bytes by operation", "6: output errors weighted by norm"])
  func projectedErrorsOfBeforeAreUnknown(version: String) throws {
    let before = try stored()
    let store = try ResultsStore(path: old(before, version: version))
    #expect(try store.summaries().map(\.projectedOutputError) == [nil, nil])
    #expect(try store.summaries().map(\.outputError) == before.summaries().map(\.outputError))
    let layers = [LayerResult(layer: 0, differenceNorms: [1, 2], outputNorms: [4, 2])]
    try store.add(
      try Samples.configuration("random", heads: Self.heads, layers: layers),
      try Samples.configuration("tova", heads: Self.heads, layers: layers), detail: .step)
    #expect(try store.summaries().map(\.projectedOutputError) == [nil, nil, 0.5, 0.5])
    #expect(try store.pairedDifferences("fasa", "random").differences.map(\.metric).contains("recall"))
    #expect(
      try store.pairedDifferences("fasa", "random").differences.last?.metric != "projected_output_error")
    let both = try store.pairedDifferences("tova", "random").differences.last
    #expect(both?.metric == "projected_output_error" && both?.meanA == 0.5 && both?.difference == 0)
    let whole = try store.read {
      try Row.fetchAll($0, sql: "SELECT * FROM layer_quality ORDER BY configuration")
    }
    #expect(whole.map { $0["projected_output_error"] } == [nil, nil, 0.5, 0.5])
  }

  /// Of what has its steps; what has not has means alone, as before.
  @Test(arguments: [ResultsStore.Detail.step, .head])
  func stepsOfBeforeAreSummed(detail: ResultsStore.Detail) throws {
    let layers = [LayerResult(layer: 0, differenceNorms: [1, 2], outputNorms: [4, 3])]
    let new = try ResultsStore(path: folder.path("first.db"))
    try new.add(
      try Samples.configuration(heads: Self.heads, layers: layers),
      try Samples.configuration("oracle", heads: Self.heads), detail: detail)
    let store = try ResultsStore(path: old(new, version: "10: blocks that evictors free"))
    func rows(_ store: ResultsStore) throws -> [Row] {
      try store.read { try Row.fetchAll($0, sql: "SELECT * FROM step_sums ORDER BY configuration, step") }
    }
    #expect(try rows(new).count == 4)
    #expect(try rows(store) == (detail == .step ? rows(new) : []))
    #expect(try store.summaries() == new.summaries())
  }

  /// ‖o‖ is the query's, whoever chooses, so that one side's serve both.
  @Test func theNormsOfOneSideServeBoth() throws {
    let path = try old(
      try stored(), version: "5: bytes by operation",
      also: """
        CREATE VIEW mine AS SELECT label, output_error FROM summary;
        CREATE TRIGGER own INSTEAD OF DELETE ON summary BEGIN SELECT 1; END
        """)
    let store = try ResultsStore(path: path)
    try store.add(try Samples.configuration("random", heads: Self.heads), detail: .step)
    let compared = try store.pairedDifferences("fasa", "random").differences
    #expect(compared.last?.metric == "weighted_output_error" && compared.last?.difference == 0)
    #expect(try compared.last?.meanA == store.summaries().last?.weightedOutputError)
    let kept = "SELECT count(*) FROM sqlite_master WHERE name IN ('mine', 'own')"
    #expect(try store.read { try Int.fetchOne($0, sql: kept) } == 2)
  }

  /// What was deleted while foreign keys were off would have taken its rows with it.
  @Test func whatADeletionLeftBehindGoes() throws {
    let path = try old(try stored(), also: "DELETE FROM configurations WHERE id = 1")
    let store = try ResultsStore(path: path)
    #expect(try store.summaries().map(\.policy) == ["oracle"])
    for table in ["steps", "head_summaries", "traffic", "kernel_samples", "run_configurations"] {
      let sql = "SELECT count(*) FROM \(table) WHERE configuration = 1"
      #expect(try store.read { try Int.fetchOne($0, sql: sql) } == 0, "\(table)")
    }
    #expect(try store.read { try Row.fetchAll($0, sql: "PRAGMA foreign_key_check") }.isEmpty)
  }

  /// Nor what refers without saying to what column, or to nothing that is there.
  @Test func aUsersOwnTableStaysAsItIs() throws {
    let path = try old(
      try stored(),
      also:
        "CREATE TABLE notes (trace INTEGER REFERENCES traces, text TEXT); INSERT INTO notes VALUES (1, 'mine')"
    )
    let store = try ResultsStore(path: path)
    #expect(try store.read { try String.fetchAll($0, sql: "SELECT text FROM notes") } == ["mine"])
  }

  @Test func theUsersOwnViewsIndexesAndTriggersStay() throws {
    let path = try old(
      try stored(),
      also: """
        CREATE VIEW "a""b" AS SELECT label FROM configurations;
        CREATE INDEX own ON configurations (label);
        CREATE TRIGGER noted AFTER DELETE ON configurations BEGIN SELECT 1; END;
        """)
    let store = try ResultsStore(path: path)
    let kept = try store.read {
      try String.fetchAll(
        $0, sql: "SELECT name FROM sqlite_master WHERE name IN ('a\"b', 'own', 'noted') ORDER BY name")
    }
    #expect(kept == ["a\"b", "noted", "own"])
    #expect(try store.read { try String.fetchAll($0, sql: "SELECT * FROM \"a\"\"b\"") }.count == 2)
  }

  /// Text that no version of the program wrote.
  @Test(arguments: ["0-9223372036854775807", "9223372036854775807", "-3-5", "5-3", "", "x"])
  func strangeStepsAreKeptAsTheyAre(text: String) throws {
    let path = try old(
      try stored(),
      also: "UPDATE scopes SET steps = '\(text)', step_count = 1; UPDATE traces SET decode_tokens = 1")
    let steps = try ResultsStore(path: path).read { try String.fetchAll($0, sql: "SELECT steps FROM scopes") }
    #expect(steps == ["traced queries \(text)"])
  }

  /// Output errors were infinite once, and a mean of one says nothing.
  @Test func anInfiniteErrorIsUndefined() throws {
    let path = try old(
      try stored(),
      also: """
        UPDATE steps SET output_error = 9e999 WHERE configuration = 1 AND query_head = 0 AND step = 1;
        UPDATE head_summaries SET output_error_mean = 9e999, output_error_p95 = 9e999, output_error_p5 = NULL
        WHERE configuration = 1 AND query_head = 0;
        """)
    let store = try ResultsStore(path: path)
    let row = try #require(try store.summaries().first)
    // The other head's steps alone: (5 + 0 + 1) / 16 and (5 + 1 + 1) / 16.
    #expect(row.outputError == 6.5 / 16 && row.outputErrorsUndefined == 2)
    let compared = try store.pairedDifferences("fasa", "oracle")
    #expect(compared.differences.allSatisfy { $0.difference.isFinite })
    #expect(try JSONEncoder().encode(store.report()).count > 0)
    #expect(try JSONEncoder().encode(store.summaries()).count > 0)
  }
}
