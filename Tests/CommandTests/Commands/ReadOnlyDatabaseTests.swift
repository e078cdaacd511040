import Foundation
import GRDB
import TestSupport
import Testing

@testable import Results

/// What only reads does so where nothing may be written: as a user without the right, whom permission bits bind.
@Suite struct ReadOnlyDatabaseTests {
  /// Where commands run and write.
  let folder: TemporaryFolder
  /// Where the database lies.
  let archive: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    archive = try TemporaryFolder()
    try Inputs.trace(in: folder)
    let made = try Executable.run(
      [
        "replay", "t.zst", "--policy", "oracle,random", "--budget", "10", "--no-timing", "--detail", "step",
        "--db",
        archive.path("runs.db"),
      ], in: folder)
    #expect(made.status == 0, "\(made.errors)")
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path(""))
  }

  private func protect(folder isFolder: Bool = true) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: archive.path("")) {
      try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: archive.path(name))
    }
    if isFolder {
      try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: archive.path(""))
    }
  }

  /// So that the folder can be removed.
  private func release() {
    try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: archive.path(""))
  }

  private func run(_ command: String) throws -> Executable.Outcome {
    let arguments = command.split(separator: " ").map { $0 == "DB" ? archive.path("runs.db") : String($0) }
    return try Executable.runUnprivileged(arguments, in: folder)
  }

  static let readers = [
    "report --db DB -o r.html", "export summary --db DB -o s.csv", "export steps --db DB -o s.parquet",
    "export --list --db DB", "compare oracle random --db DB",
    "model --no-store --hardware a100-40gb --db DB --policy oracle",
    "sweep --dry-run t.zst --policy oracle --budget 10 --db DB",
  ]

  @Test(arguments: readers) func aReaderReads(command: String) throws {
    let before = try Data(contentsOf: archive.url.appending(path: "runs.db"))
    try protect()
    defer { release() }
    let found = try run(command)
    #expect(found.status == 0, "\(found.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: archive.path("")) == ["runs.db"])
    #expect(try Data(contentsOf: archive.url.appending(path: "runs.db")) == before)
  }

  /// A file without the right to write in a folder with it: nothing is left that would keep its owner from writing later.
  @Test(arguments: readers) func aReadOnlyFileIsLeftAlone(command: String) throws {
    try protect(folder: false)
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: archive.path(""))
    let found = try run(command)
    #expect(found.status == 0, "\(found.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: archive.path("")) == ["runs.db"])
  }

  /// A database whose log holds what the file does not, in a folder that may not be written.
  private func logged(hasIndex: Bool) throws -> TemporaryFolder {
    let whole = try ResultsStore(path: archive.path("runs.db"))
    try whole.write { try $0.execute(sql: "UPDATE configurations SET seed = '77'") }
    let copy = try TemporaryFolder()
    for ending in ["", "-wal"] + (hasIndex ? ["-shm"] : []) {
      try FileManager.default.copyItem(
        atPath: archive.path("runs.db\(ending)"), toPath: copy.path("runs.db\(ending)"))
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o444], ofItemAtPath: copy.path("runs.db\(ending)"))
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: copy.path(""))
    return copy
  }

  /// What a killed writer left in the log is read too, with the log's index beside it or without.
  @Test(arguments: [false, true]) func theLogIsReadToo(hasIndex: Bool) throws {
    let copy = try logged(hasIndex: hasIndex)
    defer {
      try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: copy.path(""))
    }
    let found = try Executable.runUnprivileged(
      ["export", "summary", "--db", copy.path("runs.db"), "-o", "s.csv"], in: folder)
    #expect(found.status == 0, "\(found.errors)")
    #expect(try folder.text("s.csv").contains(#","77","#))
  }

  /// The copy that is read where the log cannot be goes with the process, also where the result's reader has gone.
  @Test func aReaderThatHasGoneLeavesNoCopy() throws {
    let (database, copies) = (try logged(hasIndex: false), try TemporaryFolder())
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: copies.path(""))
    defer {
      try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: database.path(""))
    }
    let user = geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups" : "env"
    let command = "\(user) \"$FASA\" compare oracle random --db \(database.path("runs.db"))"
    let ending = try Executable.shell(
      "(sleep 0.3; TMPDIR=\(copies.path("")) \(command); echo $? >&2) | true", in: folder)
    #expect(ending.outcome.errors == "141\n", "\(ending)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: copies.path("")).isEmpty)
  }

  @Test(arguments: [
    ("model --hardware a100-40gb --db DB", "give --no-store to price without keeping the times"),
    ("replay t.zst --policy dense --no-timing --db DB", "copy the database to where it may be written"),
  ])
  func aWriterSaysSoAtOnce(command: String, advice: String) throws {
    try protect()
    defer { release() }
    let found = try run(command)
    #expect(found.status == 1 && found.output.isEmpty && found.errorLines.count == 1)
    #expect(
      found.errors.contains("runs.db: expected a database that may be written, found Permission denied")
        && found.errors.contains(advice), "\(found.errors)")
  }

  @Test func anOlderSchemaIsToldHowToBeUpgraded() throws {
    try ResultsStore(path: archive.path("runs.db")).write { db in
      let last = Schema.migrator.migrations.last
      try db.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = ?", arguments: [last])
    }
    try protect()
    defer { release() }
    let found = try run("export summary --db DB -o s.csv")
    #expect(found.status == 1 && found.errorLines.count == 1)
    #expect(
      found.errors.contains("found an older one; it may not be written here: copy it"), "\(found.errors)")
  }

  @Test func whatIsNotThereIsToldInOneLine() throws {
    for command in Self.readers where !command.hasPrefix("sweep") {
      let found = try run(command.replacing(" DB", with: " none.db"))
      #expect(found.status == 1 && found.errorLines.count == 1, "\(found.errors)")
      #expect(found.errors.contains("none.db: expected a database, found no such file"), "\(found.errors)")
    }
  }

  /// Somebody who may write does so while it is read without locks.
  @Test func aChangeMeanwhileIsNoticed() throws {
    let place = try DatabasePath(archive.path("runs.db"))
    let reading = UnlockedReading(place)
    try reading.check()
    let writer = try ResultsStore(path: archive.path("runs.db"))
    try writer.write { try $0.execute(sql: "UPDATE configurations SET seed = '77'") }
    let error = try #require(throws: ResultsError.self) { try reading.check() }
    #expect(error.kind == .busy && error.found == "one that changed meanwhile")
  }
}
