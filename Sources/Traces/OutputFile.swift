import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A file that appears under its name when it is complete, and not at all otherwise.
///
///     let file = try OutputFile(path: "rows.csv")
///     try file.write("a,b\n")
///     try file.publish()
///
/// Until then there is a temporary file beside it, which goes with this object, and with the process where a signal
/// ends that.
public final class OutputFile {
  public let path: String
  /// Where it is written, beside `path` and with its extension.
  public let partialPath: String
  private var descriptor: Int32
  /// What `write(_:)` of text and `gather(_:)` have gathered.
  private var buffer: [UInt8] = []

  /// Creates a file with a temporary name beside `path`, so that renaming it cannot cross file systems.
  ///
  /// - Throws: `TraceError` of kind `cannotWrite`, also where the finished file could not get its name.
  public init(path: String) throws {
    self.path = path
    partialPath = Self.temporaryPath(beside: path)
    descriptor = -1
    var status = stat()
    if stat(path, &status) == 0 {
      if status.st_mode & S_IFMT == S_IFDIR { throw error(EISDIR) }
      // The finished file would take its place: the machine's /dev/null, for one.
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw TraceError(
          .cannotWrite, file: path, expected: "a name of an ordinary file, or a free one",
          found: "a pipe or a device", advice: "name another file")
      }
    } else if errno != ENOENT {
      throw error(errno)
    }
    UnfinishedFiles.add(partialPath)
    descriptor = open(partialPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw error(errno) }
  }

  deinit { discard() }

  public func write(_ bytes: UnsafeRawBufferPointer) throws {
    try flush()
    try append(bytes)
  }

  public func write(_ bytes: some ContiguousBytes) throws { try bytes.withUnsafeBytes { try write($0) } }

  /// Writes text, a mebibyte at a time.
  public func write(_ text: String) throws { try gather { $0 += text.utf8 } }

  /// Lets `add` append bytes to those that are written next, a mebibyte at a time.
  public func gather(_ add: (inout [UInt8]) throws -> Void) throws {
    try add(&buffer)
    if buffer.count > 1 << 20 { try flush() }
  }

  /// What was written is in the file at `partialPath`.
  public func flush() throws {
    if buffer.isEmpty { return }
    try buffer.withUnsafeBytes { try append($0) }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Gives the file its name; a file that had it before is replaced.
  public func publish() throws {
    try flush()
    let closed = close(descriptor)
    descriptor = -1
    guard closed == 0, rename(partialPath, path) == 0 else {
      let failure = error(errno)
      unlink(partialPath)
      throw failure
    }
  }

  /// Removes what was written; does nothing once published.
  public func discard() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(partialPath)
    descriptor = -1
  }

  private func append(_ bytes: UnsafeRawBufferPointer) throws {
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
      guard count > 0 else { throw error(errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// A name of its own, short however long the file's is.
  private static func temporaryPath(beside path: String) -> String {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    let dot = name.lastIndex(of: ".").map { name[$0...] } ?? ""
    let extensionText = dot.utf8.count <= 16 ? dot : ""
    return
      "\(path.dropLast(name.count)).partial-\(getpid())-\(UInt64.random(in: 0...UInt64.max))\(extensionText)"
  }

  private func error(_ code: Int32) -> TraceError {
    TraceError(
      .cannotWrite, file: path, expected: "to write the file", found: String(cString: strerror(code)),
      advice: "check the folder and the space left")
  }
}
