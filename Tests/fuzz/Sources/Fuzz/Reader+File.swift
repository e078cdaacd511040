import CFuzz
import Foundation

@testable import Traces

extension Reader {
  static let traceOfChoices = ProcessInfo.processInfo.environment["FUZZ_TRACE"]
    .flatMap {
      try? Trace(path: $0)
    }

  /// In memory, since a disk would be most of what is waited for.
  func onFile(_ bytes: UnsafeBufferPointer<UInt8>, _ body: (String) throws -> Void) {
    let file = fz_file(bytes.baseAddress, bytes.count)
    guard file >= 0 else { return }
    defer { close(file) }
    attempt { try body("/proc/self/fd/\(file)") }
  }
}
