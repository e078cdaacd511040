import Foundation
import Testing

@testable import Traces

/// A folder for temporary files goes with its object; what a signal or a closed pipe leaves is tested by commands.
@Suite struct ScratchFolderTests {
  @Test func itGoesWithItsObject() throws {
    func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
    func use() throws -> String {
      let folder = try ScratchFolder(holding: ["one"])
      return try withExtendedLifetime(folder) {
        try Data("text".utf8).write(to: URL(filePath: folder.path("one")))
        #expect(isThere(folder.path("one")))
        return folder.path("")
      }
    }
    #expect(try !isThere(use()))
  }

  @Test func aDatabaseIsFourFiles() {
    #expect(ScratchFolder.database("a.db") == ["a.db", "a.db-wal", "a.db-shm", "a.db-journal"])
  }
}
