import Foundation

/// Copies a file so that whoever looks sees all of it or what was there before, after a power cut too.
struct DurableCopy {
  let source: String
  let target: String

  private static let pieceBytes = 1 << 20

  init(from source: String, to target: String) { (self.source, self.target) = (source, target) }

  /// - Throws: ``ResultsError``, after which nothing of the copy is left.
  func make() throws {
    let partial = try prepare()
    do { _ = try take(partial, mayReplace: true) } catch {
      unlink(partial)
      throw error
    }
  }

  /// Copies and syncs under a temporary name, which begins with a dot so that no pattern meets it.
  ///
  /// - Returns: the path, beside the target.
  func prepare() throws -> String {
    let path = URL(filePath: target)
    // A name has room for 255 bytes.
    let name = String(decoding: path.lastPathComponent.utf8.prefix(100), as: UTF8.self)
    let partial = path.deletingLastPathComponent().appending(path: ".\(name).partial-\(UUID().uuidString)")
      .path(percentEncoded: false)
    let from = open(source, O_RDONLY | O_CLOEXEC)
    guard from >= 0 else { throw error(errno) }
    defer { close(from) }
    let to = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard to >= 0 else { throw error(errno) }
    defer { close(to) }
    do {
      // Whoever may read and write what was there may do so with this.
      var old = stat()
      if stat(target, &old) == 0 { fchmod(to, old.st_mode & 0o7777) }
      var buffer = [UInt8](repeating: 0, count: Self.pieceBytes)
      while true {
        let count = read(from, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw error(errno) }
        if count == 0 { break }
        try write(buffer[..<count], to: to)
      }
      guard fsync(to) == 0 else { throw error(errno) }
    } catch {
      unlink(partial)
      throw error
    }
    return partial
  }

  /// Gives a whole copy the target's name.
  ///
  /// - Parameter mayReplace: whether there may be a file of that name, which then goes.
  /// - Returns: whether it has the name: no other file took it meanwhile.
  func take(_ partial: String, mayReplace: Bool) throws -> Bool {
    // A link is refused where the name is taken, at whatever moment; some file systems have none.
    if !mayReplace, link(partial, target) == 0 {
      unlink(partial)
    } else if !mayReplace, errno == EEXIST {
      return false
    } else {
      guard rename(partial, target) == 0 else { throw error(errno) }
    }
    syncFolder()
    return true
  }

  private func syncFolder() {
    let folder = open(
      URL(filePath: target).deletingLastPathComponent().path(percentEncoded: false), O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { return }
    // Where a file system cannot sync a folder, it says so, and the file is there all the same.
    fsync(folder)
    close(folder)
  }

  private func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws {
    try bytes.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Foundation.write(
          descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw error(errno) }
        rest = rest.dropFirst(count)
      }
    }
  }

  private func error(_ code: Int32) -> ResultsError {
    let found = String(cString: strerror(code))
    if [ENOSPC, EDQUOT, EFBIG].contains(code) {
      return ResultsError(
        .full, file: target, expected: "room for the database", found: found,
        advice: "free some space and run the command again")
    }
    return ResultsError(
      [EACCES, EPERM, EROFS].contains(code) ? .readOnly : .failed, file: target,
      expected: "to write the database", found: found, advice: "check the folder")
  }
}
