import Foundation
import GRDB
import Pricing
import Testing

@testable import Results

/// What is opened, what is refused, and what the refusal says.
struct OpeningTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("runs.db")
  }

  /// The error that opening gives.
  private func refusal(_ access: ResultsStore.Access = .readWrite) throws -> ResultsError {
    try #require(throws: ResultsError.self) { try ResultsStore(path: path, access: access) }
  }

  @Test func createsAFileInWALWithForeignKeys() throws {
    let store = try ResultsStore(path: path)
    let (mode, keys, owner) = try store.read { db in
      (
        try String.fetchOne(db, sql: "PRAGMA journal_mode"), try Int.fetchOne(db, sql: "PRAGMA foreign_keys"),
        try Int32.fetchOne(db, sql: "PRAGMA application_id")
      )
    }
    #expect(mode == "wal")
    #expect(keys == 1)
    #expect(owner == Schema.applicationID)
  }

  @Test func opensAgainWithWhatWasStored() throws {
    try ResultsStore(path: path).add(try Samples.configuration())
    #expect(try ResultsStore(path: path).configurations().count == 1)
    #expect(try ResultsStore(path: path, access: .readOnly).configurations().count == 1)
  }

  @Test func upgradesAnEmptyFile() throws {
    #expect(FileManager.default.createFile(atPath: path, contents: Data()))
    #expect(try ResultsStore(path: path).configurations().isEmpty)
  }

  @Test func refusesAMissingFolder() throws {
    let inside = folder.path("none/runs.db")
    let error = try #require(throws: ResultsError.self) { try ResultsStore(path: inside) }
    #expect(error.kind == .folderMissing)
    #expect(error.file == inside)
    #expect(error.expected == "the folder \(folder.path("none/"))")
  }

  @Test func refusesAFolder() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    #expect(try refusal().kind == .notADatabase)
  }

  @Test func refusesToReadWhatIsNotThere() throws {
    #expect(try refusal(.readOnly).kind == .fileMissing)
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test(arguments: [ResultsStore.Access.readOnly, .readWrite])
  func refusesAFileOfAnotherKind(access: ResultsStore.Access) throws {
    let text = Data(String(repeating: "policy,recall\n", count: 100).utf8)
    try text.write(to: URL(filePath: path))
    let error = try refusal(access)
    #expect(error.kind == .notADatabase)
    #expect(
      "\(error)" == "\(path): expected a SQLite database, found another kind of file; name another file")
    #expect(try Data(contentsOf: URL(filePath: path)) == text)
  }

  @Test func leavesAnotherProgramsDatabaseAsItWas() throws {
    try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE bookmarks (url TEXT)") }
    let before = try Data(contentsOf: URL(filePath: path))
    #expect(try refusal().kind == .otherProgram)
    #expect(try Data(contentsOf: URL(filePath: path)) == before)
  }

  @Test(arguments: [ResultsStore.Access.readOnly, .readWrite])
  func refusesANewerSchema(access: ResultsStore.Access) throws {
    try ResultsStore(path: path).write {
      try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9: what comes later')")
    }
    let error = try refusal(access)
    #expect(error.kind == .newerVersion)
    #expect(error.found == "'9: what comes later'")
    #expect(error.expected.contains(Schema.migrator.migrations.last ?? "none"))
  }

  @Test func asksForAnUpgradeWhereItMayNotWrite() throws {
    try ResultsStore(path: path).write { try $0.execute(sql: "DELETE FROM grdb_migrations") }
    #expect(try refusal(.readOnly).kind == .olderVersion)
  }

  @Test func saysOfAnEmptyFileThatItIsEmpty() throws {
    #expect(FileManager.default.createFile(atPath: path, contents: Data()))
    let error = try refusal(.readOnly)
    #expect(error.kind == .fileMissing && error.found == "an empty one")
  }

  /// What SQLite would read as a URI, its parameters, an escape or a name of its own is a file of that name.
  @Test(arguments: [
    "runs.db?mode=memory", "runs.db?mode=ro&immutable=1", "50%25 of it.db", "a#b.db", ":memory:?", ":MEMORY:",
    ":x:", "-",
    "file.db", "x'y\".db", "~", " ",
  ])
  func aNameIsAFilesName(name: String) throws {
    let inside = folder.path("") + name
    try ResultsStore(path: inside).add(try Samples.configuration())
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("")) == [name])
    #expect(try ResultsStore(path: inside, access: .readOnly).configurations().count == 1)
  }

  @Test(arguments: [
    ("file:runs.db", "a URI"), ("file::memory:", "a URI"), ("file:///tmp/runs.db?mode=ro", "a URI"),
    ("", "an empty one"),
    ("runs\0.db", "one with a zero byte"),
  ])
  func refusesANameThatSQLiteReadsOtherwise(name: String, found: String) throws {
    for access in [ResultsStore.Access.readOnly, .readWrite] {
      let error = try #require(throws: ResultsError.self) { try ResultsStore(path: name, access: access) }
      #expect(error.kind == .name && error.found == found)
    }
  }

  @Test func aDatabaseInMemoryHoldsNothingToRead() throws {
    let error = try #require(throws: ResultsError.self) {
      try ResultsStore(path: ":memory:", access: .readOnly)
    }
    #expect(error.kind == .name)
    #expect(try ResultsStore(path: ":memory:").configurations().isEmpty)
  }

  @Test func aLinkIsTheFileItLeadsTo() throws {
    try ResultsStore(path: path).add(try Samples.configuration())
    let link = folder.path("link.db")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "runs.db")
    #expect(try DatabasePath(link).log.hasSuffix("/runs.db-wal"))
    #expect(try ResultsStore(path: link, access: .readOnly).configurations().count == 1)
  }

  @Test func aRelativeNameIsAFileOfTheWorkingFolder() throws {
    #expect(try DatabasePath("file.db").path == "./file.db")
    #expect(try DatabasePath(":x").path == "./:x")
    #expect(try DatabasePath("a/b.db").folder == "a/")
    #expect(try DatabasePath("/x y?/ä%.db").immutableURI == "file:/x%20y%3F/%C3%A4%25.db?immutable=1")
  }

  @Test func refusesToWriteWhatIsOpenForReading() throws {
    _ = try ResultsStore(path: path)
    let store = try ResultsStore(path: path, access: .readOnly)
    let error = try #require(throws: ResultsError.self) { try store.beginRun(Samples.run) }
    #expect(error.kind == .readOnly)
    #expect(error.advice?.contains("permissions") == true)
  }
}
