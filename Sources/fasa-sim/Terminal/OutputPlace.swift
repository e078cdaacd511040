import Foundation
import Simulator

/// Where a command is to write, looked at before the work begins.
struct OutputPlace {
  let path: String

  init(_ path: String) { self.path = path }

  /// Nil where nothing is there; a link that leads nowhere is something.
  private var type: FileAttributeType? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType
  }

  /// - Throws: `ReplayError` where something is there and the user did not ask to replace it.
  func refuseTaken(force: Bool) throws {
    if force || type == nil { return }
    throw ReplayError(
      path, expected: "a name that is free", found: "it taken",
      advice: "give --force to replace it, or another name")
  }

  /// No file that is made from a database must take the place of one: it may be the one that is read.
  ///
  /// - Parameter what: what would be written, with its article.
  func refuseDatabase(for what: String) throws {
    // What is neither cannot be replaced, as the file itself will say; a pipe would be waited for.
    guard type == .typeRegular || type == .typeSymbolicLink, let file = FileHandle(forReadingAtPath: path)
    else { return }
    defer { try? file.close() }
    let start = try file.read(upToCount: 16) ?? Data()
    guard start.starts(with: Data("SQLite format 3".utf8)) else { return }
    throw ReplayError(
      path, expected: "a place for \(what)", found: "a SQLite database, which it must not replace",
      advice: "name another file")
  }
}
