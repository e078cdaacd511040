import Foundation
import GRDB
import Testing

@testable import Results

/// A file that goes away under an open database is noticed, and nothing is said to be stored in it.
struct DatabasePlaceTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("runs.db")
  }

  enum Loss: CaseIterable { case deleted, moved, replaced, emptied }

  private func lose(_ loss: Loss) throws {
    switch loss {
    case .deleted: try FileManager.default.removeItem(atPath: path)
    case .moved: try FileManager.default.moveItem(atPath: path, toPath: folder.path("other.db"))
    case .replaced:
      try Data(repeating: 7, count: 4096).write(to: URL(filePath: folder.path("other")))
      #expect(rename(folder.path("other"), path) == 0)
    case .emptied: try FileHandle(forWritingTo: URL(filePath: path)).truncate(atOffset: 0)
    }
  }

  private func found(_ loss: Loss) -> String {
    switch loss {
    case .deleted, .moved: "no file of that name"
    case .replaced: "another file in its place"
    case .emptied: "a file of 0 bytes"
    }
  }

  @Test(arguments: Loss.allCases) func theNextTransactionFails(loss: Loss) throws {
    let store = try ResultsStore(path: path)
    try store.add(try Samples.configuration())
    try lose(loss)
    let error = #expect(throws: ResultsError.self) { try store.add(try Samples.configuration("oracle")) }
    #expect(error?.kind == .replaced)
    #expect(error?.file == path)
    #expect(error?.found == found(loss))
    #expect(error?.advice?.contains("run the command again") == true)
  }

  /// A run does not end with nothing there, either.
  @Test(arguments: Loss.allCases) func theRunsEndFails(loss: Loss) throws {
    let store = try ResultsStore(path: path)
    let run = try store.beginRun(Samples.run)
    try store.store(Samples.result([try Samples.configuration()]), run: run, detail: .head)
    try lose(loss)
    let error = #expect(throws: ResultsError.self) { try store.endRun(run, exactResultsDigest: nil) }
    #expect(error?.kind == .replaced && error?.found == found(loss))
  }

  /// Rows that lie in the log alone, and go with it, are missed at the end.
  @Test func aLostLogIsNoticed() throws {
    let store = try ResultsStore(path: path)
    let run = try store.beginRun(Samples.run)
    try store.store(Samples.result([try Samples.configuration()]), run: run, detail: .head)
    try FileManager.default.removeItem(atPath: path + "-wal")
    try FileManager.default.removeItem(atPath: path + "-shm")
    #expect(throws: ResultsError.self) { try store.endRun(run, exactResultsDigest: nil) }
  }

  @Test func memoryHasNoPlace() throws {
    let store = try ResultsStore.inMemory()
    #expect(store.place == nil)
    let run = try store.beginRun(Samples.run)
    try store.endRun(run, exactResultsDigest: nil)
  }
}
