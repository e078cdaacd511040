#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A file that appears under its name when it is complete, and not at all otherwise.
final class OutputFile {
  let path: String
  private let temporaryPath: String
  private var descriptor: Int32

  /// Creates a file with a temporary name beside `path`, so that renaming it cannot cross file systems.
  init(path: String) throws {
    self.path = path
    temporaryPath = "\(path).partial-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
    descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw error() }
  }

  deinit { discard() }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      #if canImport(Darwin)
        let count = Darwin.write(descriptor, part.baseAddress, part.count)
      #elseif canImport(Musl)
        let count = Musl.write(descriptor, part.baseAddress, part.count)
      #else
        let count = Glibc.write(descriptor, part.baseAddress, part.count)
      #endif
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw error() }
      rest = rest.dropFirst(count)
    }
  }

  func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  /// Gives the file its name; a file that had it before is replaced.
  func publish() throws {
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, rename(temporaryPath, path) == 0 else {
      let failure = error()
      unlink(temporaryPath)
      throw failure
    }
  }

  /// Removes what was written; does nothing once published.
  func discard() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporaryPath)
    descriptor = -1
  }

  private func error() -> TraceError {
    TraceError(
      .cannotWrite, file: path, expected: "to write the file", found: String(cString: strerror(errno)),
      advice: "check the folder and the space left")
  }
}
