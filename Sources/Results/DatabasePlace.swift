import Foundation

/// The file that a database was opened from.
///
/// SQLite keeps writing to a file that was deleted, or that another one has taken the place of, without a word: what
/// is stored would be gone with the process.
struct DatabasePlace: Sendable {
  private let path: String
  private let device: UInt64
  private let inode: UInt64

  /// Bytes of SQLite's header, the first part of every database.
  private static let headerBytes = 100

  /// - Returns: nil for a database in memory, or where the file cannot be told.
  init?(_ path: String) {
    guard path != ":memory:", let found = Self.look(path) else { return nil }
    self.path = path
    (device, inode) = (UInt64(found.st_dev), UInt64(found.st_ino))
  }

  private static func look(_ path: String) -> stat? {
    var found = stat()
    return stat(path, &found) == 0 ? found : nil
  }

  /// - Throws: ``ResultsError`` of kind `replaced` where the path no longer leads to the file that was opened.
  func check() throws {
    guard let now = Self.look(path) else { throw refusal("no file of that name") }
    guard UInt64(now.st_dev) == device, UInt64(now.st_ino) == inode else {
      throw refusal("another file in its place")
    }
    guard now.st_size >= Self.headerBytes else { throw refusal("a file of \(now.st_size) bytes") }
  }

  func refusal(_ found: String) -> ResultsError {
    ResultsError(
      .replaced, file: path, expected: "the database that this command opened", found: found,
      advice:
        "it was deleted, replaced or cut short meanwhile, and what was stored in it may be lost: put it back, or run the command again"
    )
  }
}
