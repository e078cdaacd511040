import Foundation
import GRDB
import Policies
import Simulator
import Testing

@testable import Results

/// A file whose schema allows what the project's own does not, with values that no command ever writes: every query answers
/// or throws an error that names the file. A trap would end the tests.
struct HostileValuesTests {
  private static let labels = ["fasa @ 4", "quest @ 4"]

  /// Both sides of a comparison, with steps, times, modelled times and a profile: a row at least in every table.
  private static func filled() throws -> ResultsStore {
    let store = try ResultsStore.inMemory()
    let heads = (0..<2).map { head in
      Samples.head(queryHead: head, steps: 8) { _, step in Double(step + head) / 32 }
    }
    let samples = Samples.timings(dense: [90, 100, 110], policy: [30, 31, 32])
    let run = try store.beginRun(Samples.run)
    let norms = (1...8).map(Double.init)
    let layers = [LayerResult(layer: 0, differenceNorms: norms, outputNorms: norms)]
    let configurations = try ["fasa", "quest"].map {
      try Samples.configuration(
        $0, heads: heads, layers: layers,
        traffic: [Samples.keys(perHead: 200, groupUnion: 100).finding((0..<8).map { ($0, 8 - $0) })],
        freed: [FreedBlocks(layer: 0, blocks: 20, freed: 5)],
        samples: samples)
    }
    try store.store(Samples.result(steps: 8, readBandwidth: 1e9, configurations), run: run, detail: .step)
    try store.store(ProfileTests().profile, digest: Samples.digest("9"))
    try store.addLiveRuns()
    try store.write { db in
      for (configuration, stage) in [(1, "attend"), (1, "dense"), (2, "attend"), (2, "dense")] {
        try db.execute(
          sql:
            "INSERT INTO modelled VALUES (?, 'a100', ?, 'llama', 1024, 1, 'per-head', ?, 9, 1, NULL, 0.1, NULL, 0)",
          arguments: [configuration, Samples.digest("1"), stage])
      }
    }
    return store
  }

  /// Takes every promise out of the schema.
  private static func loosen(_ store: ResultsStore) throws {
    try store.database.writeWithoutTransaction { db in
      try db.execute(
        sql: "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON")
      for row in try Row.fetchAll(
        db, sql: "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL")
      {
        let (name, text): (String, String) = (row["name"], row["sql"])
        let loose = text.replacing("IS NOT NULL", with: "NOTNULL").replacing(" NOT NULL", with: "")
          .replacing(" STRICT", with: "")
        try db.execute(sql: "UPDATE sqlite_schema SET sql = ? WHERE name = ?", arguments: [loose, name])
      }
      try db.execute(sql: "PRAGMA writable_schema = RESET")
    }
  }

  private static func ask(_ store: ResultsStore) -> [any Error] {
    let queries: [() throws -> Void] = [
      { _ = try store.configurations() }, { _ = try store.summaries() }, { _ = try store.report() },
      { _ = try store.liveComparison("dense", "quest") }, { _ = try store.storedShapes() },
      { _ = try store.profiles() },
      { _ = try store.contextualAgreement(profileDigest: Samples.digest("9")) },
      { _ = try store.pairedDifferences(labels[0], labels[1]) },
      { if Self.isExhaustive { _ = try store.pairedRuns(1, 1) } },
      {
        for view in try store.exportedViews() {
          _ = try store.export(view.name, columns: { _ in }, body: { _ in })
        }
      },
      { try store.add(try Samples.configuration("fasa")) },
    ]
    return queries.compactMap { query in
      do { try query() } catch { return error }
      return nil
    }
  }

  @Test func theFilledDatabaseAnswersEveryQuery() throws {
    let store = try Self.filled()
    #expect(Self.ask(store).isEmpty)
    let empty = try store.read { db in
      try String.fetchAll(
        db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
      )
      .filter { try Int.fetchOne(db, sql: "SELECT count(*) FROM \($0)") == 0 }
    }
    #expect(empty.isEmpty)
  }

  private static let values = ["NULL", "'text'", "-1", "1e308", "9223372036854775807"]

  private static let isExhaustive = ProcessInfo.processInfo.environment["FASA_SIM_EXHAUSTIVE"] != nil
  /// What is read row by row rather than summed up by SQLite.
  private static let read: Set = [
    "scopes", "configurations", "traffic", "profiles", "contextual_agreement",
  ]

  /// NULL where rows are read; with `FASA_SIM_EXHAUSTIVE` set, every value in every column, which takes ten minutes.
  @Test(arguments: isExhaustive ? values : ["NULL"])
  func everyColumnMayHoldAnything(value: String) throws {
    let store = try Self.filled()
    try Self.loosen(store)
    let places = try store.read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT t.name AS of, c.name AS name FROM pragma_table_list AS t, pragma_table_info(t.name) AS c
          WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> 'grdb_migrations'
          """
      ).map { ($0["of"] as String, $0["name"] as String) }
    }
    #expect(places.count > 100)
    let folder = try TemporaryFolder()
    for (index, (table, column)) in places.enumerated() where Self.isExhaustive || Self.read.contains(table) {
      let path = folder.path("\(index).db")
      let spoilt = try DatabaseQueue(path: path)
      try store.database.backup(to: spoilt)
      try spoilt.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
        // A key cannot take one value everywhere: then one row does.
        do { try db.execute(sql: "UPDATE \(table) SET \"\(column)\" = \(value)") } catch {
          try? db.execute(
            sql:
              "UPDATE \(table) SET \"\(column)\" = \(value) WHERE rowid = (SELECT max(rowid) FROM \(table))")
        }
      }
      try spoilt.close()
      for error in Self.ask(try ResultsStore(path: path)) {
        let told = try #require(error as? ResultsError, "\(table).\(column) = \(value): \(error)")
        #expect(told.file == path)
        #expect(!told.description.contains("\n"), "\(told)")
      }
    }
  }
}
