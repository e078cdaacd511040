import Foundation
import GRDB
import Simulator
import Testing

@testable import Results

/// Every column of every table and view has a type of the schema's, whatever it holds.
struct ColumnTypeTests {
  private func types(_ store: ResultsStore) throws -> [String: [String: ColumnType]] {
    Dictionary(
      uniqueKeysWithValues: try store.exportedViews().map { view in
        (view.name, Dictionary(uniqueKeysWithValues: view.columns.map { ($0.name, $0.type) }))
      })
  }

  private func full() throws -> ResultsStore {
    let store = try ResultsStore.inMemory()
    let heads = [Samples.head { metric, step in Double(metric.rawValue + step) / 3 }]
    let layers = [LayerResult(layer: 0, differenceNorms: [1, 1], outputNorms: [2, 3])]
    try store.add(
      try Samples.configuration(
        "fasa:hot=64", heads: heads, layers: layers,
        traffic: [Samples.keys(perHead: 200, groupUnion: 100).finding([(3, 1), (2, 2)])],
        freed: [FreedBlocks(layer: 0, blocks: 20, freed: 5)],
        samples: KernelTimeTests.oddPairs),
      try Samples.configuration("oracle", budget: .share(0.5), heads: heads), detail: .step)
    try store.addLiveRuns()
    try store.write { db in
      for (stage, place) in [("dense", 0), ("score", 1)] {
        try db.execute(
          sql: """
            INSERT INTO modelled VALUES (1, 'a100', '\(Samples.digest("9"))', 'llama', 1024, 1, 'per-head', ?, ?, 2, 0.5, 1, -1, 0)
            """, arguments: [stage, 1 + place])
      }
    }
    return store
  }

  @Test func aViewsColumnsAreThoseThatAreTyped() throws {
    let store = try ResultsStore.inMemory()
    let views = try store.exportedViews().filter { $0.type == "view" }
    #expect(Set(views.map(\.name)) == Set(Schema.viewTypes.keys))
    for view in views {
      #expect(
        Set(view.columns.map(\.name)) == Schema.viewTypes[view.name].map { Set($0.keys) }, "\(view.name)")
    }
    let loose = try store.read { db in
      try String.fetchAll(
        db,
        sql:
          "SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%' AND name <> 'grdb_migrations'"
      )
    }
    #expect(loose == [])
  }

  /// Without a row, with NULLs alone and with values.
  @Test func typesDoNotHangOnValues() throws {
    let empty = try types(try .inMemory())
    let sparse = try ResultsStore.inMemory()
    try sparse.add(try Samples.configuration(heads: [Samples.head { _, _ in .nan }]), detail: .step)
    #expect(try types(sparse) == empty)
    #expect(try types(try full()) == empty)
    #expect(empty["summary"]?["kernel_speedup"] == .real && empty["summary"]?["timing_pairs"] == .integer)
    #expect(empty["summary"]?["budget"] == .text && empty["steps"]?["recall"] == .real)
  }

  /// SQLite agrees: no value is of another type than its column, but for whole numbers of a real column.
  @Test func valuesAreOfTheirColumnsTypes() throws {
    let store = try full()
    for view in try store.exportedViews() where view.name != "profiles" && view.name != "contextual_agreement"
    {
      let found = try store.read { db in
        try view.columns.flatMap { column in
          try String.fetchAll(db, sql: "SELECT DISTINCT typeof(\(column.name)) FROM \(view.name)").map {
            (column, $0)
          }
        }
      }
      #expect(!found.isEmpty, "\(view.name) has no rows")
      for (column, type) in found {
        let allowed = column.type == .real ? ["real", "integer", "null"] : [column.type.rawValue, "null"]
        #expect(allowed.contains(type), "\(view.name).\(column.name) holds \(type)")
      }
    }
  }

  @Test func aNumberOfAnAddedViewIsOne() throws {
    let store = try full()
    try store.write {
      try $0.execute(sql: "CREATE VIEW mine AS SELECT 1 AS one, 1.5 AS half, 'x' AS word, NULL AS none")
    }
    #expect(try types(store)["mine"] == ["one": .integer, "half": .real, "word": .text, "none": .text])
  }
}
