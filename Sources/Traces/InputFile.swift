#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A file that many threads read at once, each at its own offset.
package final class InputFile: Sendable {
  package let path: String
  /// Bytes, when the file was opened.
  package let size: Int
  private let descriptor: Int32
  private let written: Modification

  /// - Throws: `TraceError` of kind `cannotOpen` where there is no readable ordinary file at `path`.
  package init(path: String) throws {
    // A pipe that nobody writes to would be waited for until somebody does.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw Self.cannotOpen(path, String(cString: strerror(errno)))
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw Self.cannotOpen(path, "something that is not an ordinary file")
    }
    self.path = path
    self.size = Int(status.st_size)
    self.descriptor = descriptor
    written = Modification(status)
  }

  deinit { close(descriptor) }

  /// Fills `buffer` with the bytes from `offset` on.
  ///
  /// - Throws: `TraceError` of kind `cannotRead`, also where the file ends before the buffer is full.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        throw TraceError(
          .cannotRead, file: path, part: "bytes \(offset)..<\(offset + buffer.count)",
          expected: "\(buffer.count) bytes",
          found: count < 0 ? String(cString: strerror(errno)) : "the end of the file after \(done)",
          advice: "see that nothing writes the file while it is read")
      }
      done += count
    }
  }

  /// Whoever gives out what was read calls this afterwards, so that no two reads are of different files.
  ///
  /// A file that was put in this one's place does no harm: the one that was opened is read on.
  ///
  /// - Throws: `TraceError` of kind `cannotRead` where the file has been written since it was opened.
  func checkUnchanged() throws {
    var status = stat()
    if fstat(descriptor, &status) == 0, Modification(status) == written { return }
    throw TraceError(
      .cannotRead, file: path, expected: "the file as it was when it was opened",
      found: "one that has been written since", advice: "see that nothing writes the file while it is read")
  }

  /// When a file was last written, and its size then.
  private struct Modification: Equatable {
    let size: Int
    let seconds: Int
    let nanoseconds: Int

    init(_ status: stat) {
      size = Int(status.st_size)
      #if canImport(Darwin)
        (seconds, nanoseconds) = (status.st_mtimespec.tv_sec, status.st_mtimespec.tv_nsec)
      #else
        (seconds, nanoseconds) = (Int(status.st_mtim.tv_sec), Int(status.st_mtim.tv_nsec))
      #endif
    }
  }

  /// The `count` bytes from `offset` on; for small reads only.
  package func bytes(at offset: Int, count: Int) throws -> [UInt8] {
    var result = [UInt8](repeating: 0, count: count)
    try result.withUnsafeMutableBytes { try read(at: offset, into: $0) }
    return result
  }

  private static func cannotOpen(_ path: String, _ found: String) -> TraceError {
    TraceError(.cannotOpen, file: path, expected: "a readable file", found: found, advice: "check the path")
  }
}
