import Foundation

/// A folder of its own for temporary files, which goes with this object, and with the process where a signal or a closed pipe
/// ends that.
///
///     let folder = try ScratchFolder(holding: ScratchFolder.database("copy.db"))
///     let store = try ResultsStore(path: folder.path("copy.db"))
package final class ScratchFolder: Sendable {
  package let url: URL

  /// - Parameter files: names of all that will be in it: what a signal calls cannot look into a folder.
  /// - Throws: what the system says where it cannot be made.
  package init(holding files: [String]) throws {
    url = FileManager.default.temporaryDirectory.appending(path: "fasa-sim-\(UUID().uuidString)")
    UnfinishedFiles.add(url.path(percentEncoded: false), isFolder: true)
    for file in files { UnfinishedFiles.add(path(file)) }
    try FileManager.default.createDirectory(
      at: url, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  package func path(_ file: String) -> String { url.appending(path: file).path(percentEncoded: false) }

  /// A SQLite database's file and what SQLite makes beside it.
  package static func database(_ file: String) -> [String] {
    ["", "-wal", "-shm", "-journal"].map { file + $0 }
  }
}
