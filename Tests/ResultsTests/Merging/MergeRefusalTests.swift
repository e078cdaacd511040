import Foundation
import GRDB
import Testing

@testable import Results
@testable import Simulator

/// What cannot be merged is named, and leaves the merged database as it was.
struct MergeRefusalTests {
  let folder: TemporaryFolder
  let merged: ResultsStore

  init() throws {
    folder = try TemporaryFolder()
    merged = try ResultsStore(path: folder.path("merged.db"))
  }

  private func shard() throws -> ResultsStore {
    let store = try ResultsStore(path: folder.path("shard.db"))
    try store.add(try Samples.configuration(), detail: .step)
    return store
  }

  private func kind() throws -> ResultsError.Kind {
    let error = try #require(throws: ResultsError.self) {
      try merged.merge(folder.path("shard.db"), patience: 0.1)
    }
    #expect(error.file == folder.path("shard.db"))
    #expect(try merged.configurationCount() == 0)
    return error.kind
  }

  @Test func whatIsNotThereIsRefused() throws { #expect(try kind() == .fileMissing) }

  @Test func anotherKindOfFileIsRefused() throws {
    _ = try folder.file(Data(repeating: 7, count: 5000), "shard.db")
    #expect(try kind() == .notADatabase)
  }

  @Test func anotherProgramsDatabaseIsRefused() throws {
    try DatabaseQueue(path: folder.path("shard.db")).write {
      try $0.execute(sql: "CREATE TABLE notes (text)")
    }
    #expect(try kind() == .otherProgram)
  }

  @Test func aNewerOneIsRefused() throws {
    try shard().write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99: of tomorrow')") }
    #expect(try kind() == .newerVersion)
  }

  @Test func aDamagedPageIsFoundBeforeAnythingIsTaken() throws {
    let store = try shard()
    try store.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
    try store.database.close()
    var data = try Data(contentsOf: URL(filePath: folder.path("shard.db")))
    let last = data.count - 3 * 4096
    data.replaceSubrange(last..<data.count, with: Data(repeating: 0xA5, count: 3 * 4096))
    _ = try folder.file(data, "shard.db")
    #expect(try kind() == .damaged)
  }

  @Test func aLockedOneIsRefusedAfterAWhile() throws {
    let store = try shard()
    try store.database.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA journal_mode = DELETE")
      try db.execute(sql: "BEGIN EXCLUSIVE")
      #expect(try kind() == .busy)
      try db.execute(sql: "ROLLBACK")
    }
    #expect(try merged.merge(folder.path("shard.db")).added == 1)
  }

  /// A writer's transactions that lie in the log are taken, and the writer goes on.
  @Test func oneThatIsWrittenToIsMergedAsItIs() throws {
    let store = try shard()
    #expect(try merged.merge(folder.path("shard.db")).added == 1)
    try store.add(try Samples.configuration("quest", digest: Samples.digest("b")))
    #expect(try merged.merge(folder.path("shard.db")) == MergedPart(configurations: 2, added: 1))
  }

  @Test func anOlderOneIsUpgradedInACopy() throws {
    let path = try shard().older(in: folder, version: "8: output errors after the output projection")
    #expect(try merged.merge(path) == MergedPart(configurations: 1, added: 1))
    let rows = try merged.read {
      try Row.fetchOne(
        $0, sql: "SELECT (SELECT count(*) FROM steps) AS steps, (SELECT count(*) FROM step_sums) AS sums")
    }
    #expect(rows?["steps"] == 2 && rows?["sums"] == 2)
    let versions = try DatabaseQueue(path: path).read(Schema.migrator.appliedIdentifiers)
    #expect(versions.count == 8)
  }

  @Test func aValueThatTheSchemaForbidsIsTheOthersDamage() throws {
    let store = try shard()
    try store.database.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA ignore_check_constraints = ON; UPDATE runs SET threads = 0")
    }
    #expect(try kind() == .damaged)
  }

  /// A full target is no input's fault.
  @Test func whatTheTargetLacksIsItsOwn() throws {
    let long = try Samples.configuration(heads: [Samples.head(steps: 2000) { _, step in Double(step) / 2000 }]
    )
    let store = try ResultsStore(path: folder.path("shard.db"))
    try store.store(Samples.result(steps: 2000, [long]), run: store.beginRun(Samples.run), detail: .step)
    try merged.database.writeWithoutTransaction { db in
      let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
      try db.execute(sql: "PRAGMA max_page_count = \(pages)")
    }
    let error = try #require(throws: ResultsError.self) { try merged.merge(folder.path("shard.db")) }
    #expect(error.kind == .full && error.file == folder.path("merged.db"))
  }

  /// Whoever may write everywhere, as root may, is not kept from it.
  @Test(.enabled(if: geteuid() != 0)) func oneThatMayNotBeWrittenIsMerged() throws {
    let store = try shard()
    try store.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
    try store.database.close()
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "locked"), withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: folder.path("shard.db"), toPath: folder.path("locked/shard.db"))
    for (path, mode) in [("locked/shard.db", 0o444), ("locked", 0o555)] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: folder.path(path))
    }
    defer {
      try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path("locked"))
    }
    #expect(try merged.merge(folder.path("locked/shard.db")).added == 1)
  }
}
