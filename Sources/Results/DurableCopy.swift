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
    do { try rename(partial) } catch {
      unlink(partial)
      throw error
    }
  }

  /// Copies and syncs under a temporary name, which begins with a dot so that no pattern meets it.
  ///
  /// - Returns: the path, beside the target.
  func prepare() throws -> String {
    let path = URL(filePath: target)
    let partial = path.deletingLastPathComponent().appending(
      path: ".\(path.lastPathComponent.prefix(100)).partial-\(UUID().uuidString)"
    ).path(percentEncoded: false)
    let (from, to) = (
      open(source, O_RDONLY | O_CLOEXEC), open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    )
    defer { for descriptor in [from, to] where descriptor >= 0 { close(descriptor) } }
    guard from >= 0, to >= 0 else { throw error(errno) }
    do {
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

  func rename(_ partial: String) throws {
    guard Foundation.rename(partial, target) == 0 else { throw error(errno) }
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
        let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
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
