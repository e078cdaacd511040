import Foundation

/// Where a database lies: a file, whatever its name would mean to SQLite.
///
/// SQLite reads `file:runs.db?mode=ro` as a URI and an empty name as a database that is thrown away, and keeps other names
/// that begin with a colon for itself.
struct DatabasePath: Sendable {
  /// The name of a database without a file, which ends with its connection.
  static let memory = ":memory:"

  /// The path, as the caller gave it.
  let file: String
  /// The same file under a name that SQLite can read in one way only.
  let path: String

  /// - Throws: ``ResultsError`` of kind `name` for a name that means something else to SQLite.
  init(_ file: String) throws {
    self.file = file
    if file.isEmpty {
      throw ResultsError(
        .name, file: "''", expected: "the name of a database", found: "an empty one", advice: "name a file")
    }
    if file.contains("\0") {
      throw ResultsError(
        .name, file: file.replacing("\0", with: "\\0"), expected: "the name of a file",
        found: "one with a zero byte",
        advice: "name another file")
    }
    if file == Self.memory || file.hasPrefix("file:") {
      throw ResultsError(
        .name, file: file, expected: "the name of a file",
        found: file == Self.memory ? "that of a database in memory, which holds nothing yet" : "a URI",
        advice: "name a file; one that is called so is ./\(file)")
    }
    let plain = file.hasPrefix("/") ? file : "./\(file)"
    path = Self.linked(plain) ?? plain
  }

  /// What a link leads to, beside which SQLite looks for the log; nil for what is no link or leads nowhere.
  private static func linked(_ path: String) -> String? {
    var found = stat()
    guard lstat(path, &found) == 0, found.st_mode & S_IFMT == S_IFLNK, let target = realpath(path, nil) else {
      return nil
    }
    defer { free(target) }
    return String(cString: target)
  }

  /// The folder, with a slash at its end.
  var folder: String { file.lastIndex(of: "/").map { String(file[...$0]) } ?? "./" }

  /// Writes of transactions that are not in the file yet; empty or absent once they are.
  var log: String { path + "-wal" }

  /// The log's index, which every connection shares.
  var index: String { path + "-shm" }

  /// Whether SQLite may write the file, and beside it.
  var isWritable: Bool { access(path, W_OK) == 0 && access(folder, W_OK) == 0 }

  /// The name by which SQLite takes the file for one that nobody writes to: neither locks nor an index are needed.
  var immutableURI: String { uri("immutable=1") }

  /// The name by which a database is attached that is not to be written.
  var readOnlyURI: String { uri("mode=ro") }

  private func uri(_ query: String) -> String {
    let whole = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-._".utf8)
    let name = whole.utf8.map { byte in
      plain.contains(byte)
        ? String(UnicodeScalar(byte))
        : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }
    return "file:\(name.joined())?\(query)"
  }
}
