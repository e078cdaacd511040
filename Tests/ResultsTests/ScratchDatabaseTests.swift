import Foundation
import GRDB
import TestSupport
import Testing

@testable import Results

@Suite struct ScratchDatabaseTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["scratch", "shards"] {
      try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
    }
  }

  var target: String { folder.path("shards/1.db") }

  func scratch() throws -> ScratchDatabase {
    let scratch = try ScratchDatabase(for: target, in: folder.path("scratch"))
    try scratch.fetch()
    return scratch
  }

  func files(_ name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path(name)).sorted()
  }

  func runs(_ path: String) throws -> Int? {
    try ResultsStore(path: path, access: .readOnly).read {
      try Int.fetchOne($0, sql: "SELECT count(*) FROM runs")
    }
  }

  func add(to path: String) throws { _ = try ResultsStore(path: path).beginRun(Samples.run) }

  @Test func itAppearsWholeAndAlone() throws {
    let scratch = try scratch()
    let store = try ResultsStore(path: scratch.file)
    _ = try store.beginRun(Samples.run)
    #expect(try files("shards").isEmpty)
    // While the one that writes it has it open, as a signal finds it.
    try scratch.publish()
    #expect(try files("shards") == ["1.db"])
    #expect(try runs(target) == 1)
    let mode = try DatabaseQueue(path: target).read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
    #expect(mode == "delete")
    scratch.remove()
    #expect(try files("scratch").isEmpty)
  }

  /// As a signal does that comes after a command's end.
  @Test func whatWasPublishedAndRemovedIsPublishedStill() throws {
    let scratch = try scratch()
    try add(to: scratch.file)
    try scratch.publish()
    scratch.remove()
    let before = try Data(contentsOf: URL(filePath: target))
    try scratch.publish()
    #expect(try Data(contentsOf: URL(filePath: target)) == before)
    #expect(try files("shards") == ["1.db"])
    #expect(try files("scratch").isEmpty)
  }

  @Test func whatWasRemovedAloneCannotBePublished() throws {
    let scratch = try scratch()
    try add(to: scratch.file)
    scratch.remove()
    #expect(throws: ResultsError.self) { try scratch.publish() }
    #expect(try files("shards").isEmpty)
  }

  @Test func oneThatIsThereIsGoneOnFrom() throws {
    try add(to: target)
    let before = try Data(contentsOf: URL(filePath: target))
    let scratch = try scratch()
    try add(to: scratch.file)
    #expect(try Data(contentsOf: URL(filePath: target)) == before)
    try scratch.publish()
    #expect(try runs(target) == 2)
    #expect(try files("shards") == ["1.db"])
  }

  /// What a killed writer left in the log is part of it.
  @Test func aLogThatIsThereIsGoneOnFrom() throws {
    let store = try ResultsStore(path: folder.path("live.db"))
    _ = try store.beginRun(Samples.run)
    for end in ["", "-wal"] {
      try FileManager.default.copyItem(atPath: folder.path("live.db\(end)"), toPath: target + end)
    }
    #expect(try files("shards") == ["1.db", "1.db-wal"])
    let scratch = try scratch()
    try add(to: scratch.file)
    try scratch.publish()
    #expect(try runs(target) == 2)
    #expect(try files("shards") == ["1.db"])
  }

  @Test func anothersResultsAreNotReplaced() throws {
    let scratch = try scratch()
    try add(to: scratch.file)
    let other = try self.scratch()
    try add(to: other.file)
    try other.publish()
    let error = #expect(throws: ResultsError.self) { try scratch.publish() }
    #expect(error?.kind == .replaced && error?.file == target)
    #expect(try runs(target) == 1)
    // Unless they hold all that is to be kept.
    try scratch.publish { store in store.file == target }
    #expect(try runs(target) == 1)
    #expect(try files("shards") == ["1.db"])
  }

  @Test func whatCannotBe() throws {
    let nowhere = #expect(throws: ResultsError.self) {
      try ScratchDatabase(for: folder.path("none/1.db"), in: folder.path("scratch"))
    }
    #expect(nowhere?.kind == .folderMissing)
    _ = try folder.file(Data(), "file")
    let noFolder = #expect(throws: ResultsError.self) {
      try ScratchDatabase(for: target, in: folder.path("file"))
    }
    #expect(noFolder?.kind == .cannotOpen)
    #expect(throws: ResultsError.self) { try ScratchDatabase(for: "", in: folder.path("scratch")) }
    #expect(try files("scratch").isEmpty)
    // A folder that is lost meanwhile leaves nothing behind.
    let scratch = try scratch()
    try add(to: scratch.file)
    try FileManager.default.removeItem(atPath: folder.path("shards"))
    #expect(throws: ResultsError.self) { try scratch.publish() }
  }
}
