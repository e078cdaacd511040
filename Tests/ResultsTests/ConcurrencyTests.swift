import GRDB
import Policies
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
    }
  }
}
