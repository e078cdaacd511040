import CFuzz
import Foundation

@testable import Traces

extension Reader {
  static let traceOfChoices = ProcessInfo.processInfo.environment["FUZZ_TRACE"]
    .flatMap {
      try? Trace(path: $0)
    }

  /// In memory, since a disk would be most of what is waited for.
  func onFile(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (String) throws -> Void) -> Bool {
    if self == .database { return onNamedFile(bytes, body) }
    let file = fz_file(bytes.baseAddress, bytes.count)
    // Nothing would be tried, and nobody told.
    guard file >= 0 else { preconditionFailure("no file can be made in memory") }
    defer { close(file) }
    return attempt { try body("/proc/self/fd/\(file)") }
  }

  /// SQLite follows links, and opens none of a nameless file.
  private func onNamedFile(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (String) throws -> Void) -> Bool {
    let path = "/dev/shm/fasa-sim-fuzz-\(getpid())"
    defer { for end in ["", "-wal", "-shm", "-journal"] { unlink(path + end) } }
    guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
      preconditionFailure("no file can be written in /dev/shm")
    }
    return attempt { try body(path) }
  }
}
