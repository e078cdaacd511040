import Foundation
import GRDB
import Testing

@testable import Results

/// A database of an older version keeps its rows.
struct MigrationTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("old.db")
  }

  /// Version 2: steps are rows of the query tensors, of which `prompt` lie in the prompt of 9 tokens; of two traces, the
  /// second was never scored as a whole.
  private func write(prompt: Int, decode: Int) throws {
    let database = try DatabaseQueue(path: path)
    try Schema.migrator.migrate(database, upTo: "2: modelled speed-ups")
    try database.write { db in
      try db.execute(
        sql: """
          INSERT INTO runs VALUES (1, 'fasa-sim replay', '0.1.0', NULL, 'CPU', 'avx2', 1, NULL, '2025-01-01T00:00:00Z',
            NULL, NULL)
          """)
      for trace in 1...2 {
        try db.execute(
          sql: """
            INSERT INTO traces VALUES (?, ?, 't.zst', 1, 'Tiny', 'llama', 'F16', '', 2, 1, 1, 2, 2, '0', 'half', 1e4, 2,
              NULL, 9, ?, 'A Text', '', 'prose', '', '', '', 'greedy', '', '{}')
            """, arguments: [trace, Samples.digest(trace == 1 ? "e" : "f"), decode])
      }
      let scopes = [
        (1, 1, "\(prompt)-\(prompt + decode - 1)", decode), (2, 1, "\(prompt + 1),\(prompt + 3)", 2),
        (3, 1, "\(2 * prompt)-\(2 * prompt + 1)", 2), (4, 2, "\(prompt)-\(prompt + 1)", 2),
      ]
      for (scope, trace, steps, count) in scopes {
        try db.execute(
          sql: "INSERT INTO scopes VALUES (?, ?, '0', '0', ?, 1, 1, ?)",
          arguments: [scope, trace, steps, count])
        try db.execute(
          sql: """
            INSERT INTO configurations VALUES (?1, ?2, 1, ?3, ?1, 'oracle', 'bound', '{}', 'oracle @ 4', '4', NULL, NULL,
              NULL, '0', ?4)
            """, arguments: [scope, Samples.digest(Character("\(scope)")), trace, Samples.digest("a")])
        try db.execute(
          sql: "INSERT INTO run_configurations VALUES (1, ?, 'stored')", arguments: [scope])
      }
      for step in 0..<decode {
        try db.execute(
          sql:
            "INSERT INTO steps (configuration, layer, query_head, step, position, recall) VALUES (1, 0, 0, ?, ?, 1)",
          arguments: [prompt + step, 9 + step])
      }
    }
  }

  @Test func buildsAreUnknownAndNothingIsLost() throws {
    try write(prompt: 3, decode: 10)
    let store = try ResultsStore(path: path)
    #expect(try store.configurations().map(\.build) == [nil, nil, nil, nil])
    #expect(try store.summaries().map(\.label) == Array(repeating: "oracle @ 4", count: 4))
    let (roles, orphans, indexes, views) = try store.read { db in
      (
        try Int.fetchOne(db, sql: "SELECT count(*) FROM run_configurations"),
        try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count,
        try db.indexes(on: "configurations").map(\.columns),
        try String.fetchSet(db, sql: "SELECT name FROM sqlite_master WHERE type = 'view'")
      )
    }
    #expect(roles == 4 && orphans == 0)
    #expect(indexes.contains(["scope", "policy"]) && indexes.contains(["run"]))
    #expect(views.isSuperset(of: ["summary", "quality", "bytes", "comparison", "pareto", "kernel_speedups"]))
    // What refers to a configuration still goes with it.
    try store.write { try $0.execute(sql: "DELETE FROM configurations WHERE id = 1") }
    #expect(try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM steps") } == 0)
    // By name, an old row is one of an unknown build.
    #expect(SideName("oracle@build:unknown").qualifiers[.build] == SourceBuild.unknown)
  }

  /// Where one scope is known to be all decode steps, all of the trace's are counted from there; others say what they count.
  @Test(arguments: [0, 3]) func stepsAreCountedFromTheFirstDecodeStep(prompt: Int) throws {
    try write(prompt: prompt, decode: 10)
    let store = try ResultsStore(path: path)
    let (steps, positions, numbers) = try store.read { db in
      (
        try String.fetchAll(db, sql: "SELECT steps FROM scopes ORDER BY id"),
        try String?.fetchAll(db, sql: "SELECT positions FROM scopes ORDER BY id"),
        try Int.fetchAll(db, sql: "SELECT step FROM steps ORDER BY position")
      )
    }
    #expect(steps == ["0-9", "1,3", "\(prompt)-\(prompt + 1)", "traced queries \(prompt)-\(prompt + 1)"])
    #expect(positions == ["9-18", nil, nil, nil])
    #expect(numbers == Array(0..<10))
  }
}
