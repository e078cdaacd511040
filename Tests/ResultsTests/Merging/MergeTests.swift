import Foundation
import GRDB
import Testing

@testable import Results
@testable import Simulator

/// Databases merged into one hold what one would that all had been stored in.
struct MergeTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func store(_ name: String, build: Character = "1") throws -> ResultsStore {
    var store = try ResultsStore(path: folder.path(name))
    store.build = Samples.digest(build)
    return store
  }

  @discardableResult
  private func add(
    _ configurations: [ConfigurationResult], trace: Character = "f", to store: ResultsStore,
    host: String = "node1",
    detail: ResultsStore.Detail = .head
  ) throws -> RunID {
    var info = Samples.run
    info.host = host
    let run = try store.beginRun(info)
    try store.store(Samples.result(trace: trace, configurations), run: run, detail: detail)
    return run
  }

  private func parts() throws -> (fasa: ConfigurationResult, quest: ConfigurationResult) {
    (
      try Samples.configuration(
        "fasa", layers: [], samples: [Samples.sample(nil, 0, 800), Samples.sample(.attend, 0, 200)]),
      try Samples.configuration("quest", heads: [Samples.head { _, _ in 0.25 }], digest: Samples.digest("b"))
    )
  }

  /// What is stored, whatever the ids: every table's rows with what they refer to in place of its id.
  private func content(_ store: ResultsStore) throws -> [String: [String]] {
    try store.read { db in
      let names = [
        "runs": "(SELECT command_line || coalesce(host, '') FROM runs WHERE id = %)",
        "traces": "(SELECT digest FROM traces WHERE id = %)",
        "scopes":
          "(SELECT trace.digest || layers || steps FROM scopes JOIN traces AS trace ON trace.id = trace WHERE scopes.id = %)",
        "configurations":
          "(SELECT identity || coalesce(build, '') || exact_results_digest FROM configurations WHERE id = %)",
        "profiles": "(SELECT digest FROM profiles WHERE id = %)",
        "live_runs": "(SELECT identity FROM live_runs WHERE id = %)",
        "live_rows": "(SELECT label FROM live_rows WHERE id = %)",
      ]
      var content: [String: [String]] = [:]
      for table in try MergedTable.all() {
        let columns = table.columns.map { column in
          let value = table.references[column].flatMap { names[$0] }?.replacing("%", with: "own.\(column)")
          return "quote(\(value ?? "own.\(column)"))"
        }
        content[table.name] = try String.fetchAll(
          db, sql: "SELECT \(columns.joined(separator: " || ',' || ")) FROM \(table.name) AS own ORDER BY 1")
      }
      return content
    }
  }

  @Test func shardsAreWhatOneDatabaseWouldBe() throws {
    let (fasa, quest) = try parts()
    let whole = try store("whole.db")
    try add([fasa], to: whole, detail: .step)
    try add([quest], trace: "e", to: whole, host: "node2")
    try add([quest], to: whole, host: "node3")
    let (first, second, third) = (try store("1.db"), try store("2.db"), try store("3.db"))
    try add([fasa], to: first, detail: .step)
    try add([quest], trace: "e", to: second, host: "node2")
    try add([quest], to: third, host: "node3")
    let live = try LiveRun(json: Data(LiveStoreTests.report(rows: [("quest", "64", [0.5, 2])]).utf8))
    for store in [second, whole] { try store.store(live, at: Date(timeIntervalSince1970: 1_700_000_000)) }
    let merged = try store("merged.db")
    for name in ["3.db", "1.db", "2.db"] {
      #expect(try merged.merge(folder.path(name)) == MergedPart(configurations: 1, added: 1))
    }
    let (found, expected) = (try content(merged), try content(whole))
    for (table, rows) in expected { #expect(found[table] == rows, "\(table)") }
    #expect(found["steps"]?.isEmpty == false && found["kernel_samples"]?.isEmpty == false)
    #expect(found["live_steps"]?.count == 2)
    // Again, and the other way round, nothing comes.
    for name in ["1.db", "2.db", "3.db"] {
      #expect(try merged.merge(folder.path(name)) == MergedPart(configurations: 1, added: 0))
    }
    #expect(try content(merged) == found)
  }

  @Test func everyTableIsMerged() throws {
    let keyed = try MergedTable.all().filter(\.hasID).map(\.name)
    #expect(Set(keyed) == Set(MergeKey.all.keys))
    #expect(try MergedTable.all().allSatisfy { $0.hasID || !$0.references.isEmpty })
  }

  @Test func oneResultOfTwoMachinesCountsOnce() throws {
    let (fasa, _) = try parts()
    let (first, second) = (try store("1.db"), try store("2.db"))
    try add([fasa], to: first)
    try add([fasa], to: second, host: "node2", detail: .step)
    let merged = try store("merged.db")
    try merged.merge(folder.path("1.db"))
    #expect(try merged.merge(folder.path("2.db")) == MergedPart(configurations: 1, added: 0))
    let roles = try merged.read {
      try Row.fetchAll(
        $0, sql: "SELECT host, role FROM run_configurations JOIN runs ON id = run ORDER BY host")
    }
    #expect(
      roles.map { $0["host"] } == ["node1", "node2"] && roles.map { $0["role"] } == ["stored", "reproduced"])
    // Each machine's times are its own; steps come from whoever has them.
    let counts = try merged.read {
      try Row.fetchOne(
        $0,
        sql:
          "SELECT (SELECT count(DISTINCT run) FROM kernel_samples) AS timed, (SELECT count(*) FROM steps) AS steps"
      )
    }
    #expect(counts?["timed"] == 2 && counts?["steps"] == 2)
  }

  @Test func aRunThatHasEndedSinceGetsItsEnd() throws {
    let (fasa, quest) = try parts()
    let shard = try store("1.db")
    let run = try add([fasa], to: shard)
    let merged = try store("merged.db")
    try merged.merge(folder.path("1.db"))
    try shard.store(Samples.result([quest]), run: run, detail: .head)
    try shard.endRun(run, exactResultsDigest: Samples.digest("e"))
    try merged.merge(folder.path("1.db"))
    let rows = try merged.read {
      try Row.fetchAll($0, sql: "SELECT exact_results_digest AS digest FROM runs")
    }
    #expect(rows.map { $0["digest"] } == [Samples.digest("e")])
    #expect(try merged.configurationCount() == 2)
  }

  @Test func runsThatLookAlikeStayApart() throws {
    let (fasa, quest) = try parts()
    let shard = try store("1.db")
    try add([fasa], to: shard)
    try add([quest], to: shard)
    let merged = try store("merged.db")
    for _ in 0..<2 { try merged.merge(folder.path("1.db")) }
    #expect(try content(merged) == content(shard))
  }

  /// Two folders' runs of one command in one second differ in what they gave.
  @Test func alikeRunsOfTwoDatabasesStayApartHoweverOften() throws {
    let (fasa, quest) = try parts()
    for (name, part, digest) in [("1.db", fasa, Character("a")), ("2.db", quest, Character("b"))] {
      let shard = try store(name)
      try shard.endRun(
        add([part], to: shard), at: Samples.run.startedAt, exactResultsDigest: Samples.digest(digest))
    }
    let merged = try store("merged.db")
    for _ in 0..<2 { for name in ["1.db", "2.db"] { try merged.merge(folder.path(name)) } }
    #expect(try merged.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM runs") } == 2)
  }

  /// A live run is asked for more keys later, and a machine is priced anew.
  @Test func whatComesLaterIsAdded() throws {
    let (first, second) = (try store("1.db"), try store("2.db"))
    try first.store(LiveRun(json: Data(LiveStoreTests.keys([[true], [false]]).utf8)))
    try second.store(LiveRun(json: Data(LiveStoreTests.keys([[true], [true]], number: 5).utf8)))
    let merged = try store("merged.db")
    for name in ["1.db", "2.db", "1.db"] { try merged.merge(folder.path(name)) }
    let counts = try merged.read {
      try Row.fetchOne(
        $0, sql: "SELECT (SELECT count(*) FROM live_runs) AS runs, (SELECT count(*) FROM live_keys) AS keys")
    }
    #expect(counts?["runs"] == 1 && counts?["keys"] == 4)
  }

  /// Prices of one machine may have other terms, by another version's model: those that are there stay by themselves.
  @Test func pricesOfOneMachineAreNotMixed() throws {
    let (fasa, _) = try parts()
    for (name, stage) in [("1.db", "attend"), ("2.db", "link")] {
      let shard = try store(name)
      try add([fasa], to: shard)
      try shard.write {
        try $0.execute(
          sql: """
            INSERT INTO modelled SELECT id, 'A100', ?, 'own', 64, 1, 'per-head', ?, 1, 1, NULL, NULL, NULL, 0
            FROM configurations
            """, arguments: [Samples.digest("c"), stage])
      }
    }
    let merged = try store("merged.db")
    for name in ["1.db", "2.db"] { try merged.merge(folder.path(name)) }
    #expect(try merged.read { try String.fetchAll($0, sql: "SELECT stage FROM modelled") } == ["attend"])
  }

  @Test func otherBitsOfOneBuildAreRefusedByBothMachines() throws {
    let (fasa, quest) = try parts()
    let other = try Samples.configuration("fasa", digest: Samples.digest("d"))
    let (first, second) = (try store("1.db"), try store("2.db"))
    try add([fasa], to: first)
    try add([quest, other], to: second, host: "node2")
    let merged = try store("merged.db")
    try merged.merge(folder.path("1.db"))
    let error = try #require(throws: ResultsError.self) { try merged.merge(folder.path("2.db")) }
    #expect(error.kind == .notReproduced && error.file == folder.path("2.db"))
    #expect(error.part == "fasa @ 4 of prose.zst")
    #expect(
      error.expected.contains("node1 (Some CPU, avx2)") && error.found.contains("node2 (Some CPU, avx2)"))
    #expect(try merged.configurationCount() == 1)
  }

  @Test func otherBitsOfAnotherBuildAreBothKept() throws {
    let (fasa, _) = try parts()
    let other = try Samples.configuration("fasa", digest: Samples.digest("d"))
    try add([fasa], to: store("1.db"))
    try add([other], to: store("2.db", build: "2"))
    let merged = try store("merged.db")
    for name in ["1.db", "2.db"] { try merged.merge(folder.path(name)) }
    #expect(try merged.configurationCount() == 2)
  }

  @Test func aDatabaseWithTwoResultsOfOneBuildIsRefused() throws {
    let (fasa, _) = try parts()
    let shard = try store("1.db")
    try add([fasa], to: shard)
    #expect(throws: ResultsError.self) {
      try add([try Samples.configuration("fasa", digest: Samples.digest("d"))], to: shard)
    }
    let error = try #require(throws: ResultsError.self) { try store("merged.db").merge(folder.path("1.db")) }
    #expect(error.kind == .notReproduced)
  }
}
