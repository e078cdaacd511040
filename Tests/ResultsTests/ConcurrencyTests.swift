import Foundation
import GRDB
import Policies
import Pricing
import Synchronization
import Testing

@testable import Results

/// Several writers of one file, each with a connection of its own, as processes have.
struct ConcurrencyTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("runs.db")
  }

  @Test func writersTakeTurns() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<4 {
        group.addTask { [path] in
          let store = try ResultsStore(path: path)
          for sinks in 0..<5 {
            // Sinks 0 is everyone's, so that writers also meet at one configuration.
            let policy = sinks == 0 ? "fasa" : "fasa:sinks=\(writer * 5 + sinks)"
            try store.add(try Samples.configuration(policy), detail: .step)
          }
        }
      }
      try await group.waitForAll()
    }
    let store = try ResultsStore(path: path)
    #expect(try store.configurations().count == 17)
    let shared = try store.read { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT role FROM run_configurations JOIN configurations ON id = configuration WHERE label = 'fasa @ 4'
          ORDER BY role
          """)
    }
    #expect(shared == ["reproduced", "reproduced", "reproduced", "stored"])
    #expect(try store.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
  }

  /// Whoever comes while another makes the file sees it whole.
  @Test(arguments: 0..<40) func aNewFileIsOpenedByManyAtOnce(round: Int) async throws {
    let file = folder.path("new-\(round).db")
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<6 { group.addTask { try ResultsStore(path: file).configurations().count } }
      for try await count in group { #expect(count == 0) }
    }
  }

  @Test func aReaderIsNotKeptWaiting() throws {
    let writer = try ResultsStore(path: path)
    try writer.add(try Samples.configuration("fasa"))
    let reader = try ResultsStore(path: path, access: .readOnly, busyTimeout: 0)
    try writer.write { db in
      try db.execute(sql: "DELETE FROM configurations")
      #expect(try reader.configurations().count == 1)
    }
    #expect(try reader.configurations().isEmpty)
  }

  @Test func aWriterThatNeverGetsItsTurnSaysSo() throws {
    let first = try ResultsStore(path: path)
    let second = try ResultsStore(path: path, busyTimeout: 0)
    try first.write { _ in
      let error = try #require(throws: ResultsError.self) { try second.beginRun(Samples.run) }
      #expect(error.kind == .busy)
      #expect(error.found.contains("locked by "))
    }
  }

  /// A wait that is no longer short is told, once; a short one is not.
  @Test func aLongWaitIsTold() throws {
    let first = try ResultsStore(path: path)
    let told = Mutex<[String]>([])
    func second(_ seconds: Double) throws -> ResultsStore {
      try ResultsStore(path: path, busyTimeout: seconds) { text in told.withLock { $0.append(text) } }
    }
    let (short, long) = (try second(0.2), try second(1.5))
    try first.write { _ in
      #expect(throws: ResultsError.self) { try short.beginRun(Samples.run) }
      #expect(told.withLock { $0 }.isEmpty)
      #expect(throws: ResultsError.self) { try long.beginRun(Samples.run) }
    }
    #expect(told.withLock { $0 } == ["\(path) is locked by another process: waiting 1 s at most"])
  }

  /// Nobody else's lock on the folder or beside it keeps anyone from opening.
  @Test(.timeLimit(.minutes(1)), arguments: ["", "runs.db"])
  func aLockOfAnotherKindIsNotWaitedFor(name: String) throws {
    try ResultsStore(path: path).add(try Samples.configuration())
    let descriptor = open(folder.path(name), O_RDONLY)
    defer { close(descriptor) }
    try #require(descriptor >= 0 && flock(descriptor, LOCK_EX) == 0)
    #expect(try ResultsStore(path: path, access: .readOnly).configurations().count == 1)
    #expect(try ResultsStore(path: path).configurations().count == 1)
  }

  /// A database that is up to date is opened without a turn to write.
  @Test(arguments: [ResultsStore.Access.readOnly, .readWrite])
  func openingDoesNotWaitForAWriter(access: ResultsStore.Access) throws {
    let writer = try ResultsStore(path: path)
    let found = try writer.write { _ in
      try ResultsStore(path: path, access: access, busyTimeout: 0).configurations()
    }
    #expect(found.isEmpty)
  }

  /// Whoever comes while another upgrades an old file goes on once it is done.
  @Test(arguments: 0..<10) func anOldFileIsUpgradedByManyAtOnce(round: Int) async throws {
    let file = folder.path("old-\(round).db")
    let old = try DatabaseQueue(path: file)
    try Schema.migrator.migrate(old, upTo: "2: modelled speed-ups")
    try old.close()
    try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<6 { group.addTask { try ResultsStore(path: file).configurations().count } }
      for try await count in group { #expect(count == 0) }
    }
  }

  @Test func holdersAreThoseOfTheFilesLocks() {
    let table = """
      1: POSIX  ADVISORY  WRITE 4242 fe:01:131074 120 120
      2: POSIX  ADVISORY  READ 4243 fe:01:131074 123 123
      3: -> POSIX ADVISORY  WRITE 4244 fe:01:131074 120 120
      4: FLOCK  ADVISORY  WRITE 4245 fe:01:99 0 EOF
      5: OFDLCK ADVISORY  WRITE -1 fe:01:131074 0 EOF
      6: POSIX  ADVISORY  WRITE 7 fe:01:131074 0 EOF
      """
    #expect(LockHolders.processes(in: table, files: [131_074], except: 7) == [4242])
    #expect(LockHolders.processes(in: "", files: [131_074], except: 7) == [])
  }
}
