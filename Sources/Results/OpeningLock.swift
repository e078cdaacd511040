import Foundation

/// Lets one connection at a time open a database of a folder, whichever process or thread it belongs to.
///
/// Making a file takes several transactions (owner, WAL, migrations): another connection that comes in
/// between would see tables come and go. The lock is the folder's own, so that it leaves no file behind; where
/// the file system has no locks, opening goes on without.
enum OpeningLock {
  static func holding<Value>(_ path: String, _ body: () throws -> Value) throws -> Value {
    if path == ":memory:" { return try body() }
    let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return try body() }
    // Closing lets the lock go.
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
    return try body()
  }
}
