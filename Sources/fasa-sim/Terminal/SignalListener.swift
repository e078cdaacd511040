import Foundation
import Traces

/// Where a handler, which may do next to nothing itself, tells of its signal.
nonisolated(unsafe) private var told: Int32 = -1

/// Hears SIGINT, SIGTERM and SIGHUP on a thread of its own, which may do anything; no signal is lost from the moment on that this is made.
///
/// A dispatch source would lose one: the signal must be ignored before the source begins to hear it.
final class SignalListener {
  static let numbers = [SIGINT, SIGTERM, SIGHUP]
  private let heard: [Int32]

  /// - Parameter end: called with the signal's number; ends the process.
  init(_ end: @escaping @Sendable (Int32) -> Never) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      heard = []
      return
    }
    for descriptor in ends { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    let reading = ends[0]
    told = ends[1]
    Thread.detachNewThread {
      var number: UInt8 = 0
      while true {
        let count = read(reading, &number, 1)
        if count == 1 { end(Int32(number)) }
        if count == 0 || errno != EINTR { return }
      }
    }
    heard = EndSignals.handle(Self.numbers) { number in
      var number = UInt8(truncatingIfNeeded: number)
      _ = write(told, &number, 1)
    }
  }

  deinit {
    for number in heard { signal(number, SIG_DFL) }
    // The thread ends with the pipe.
    if told >= 0 { close(told) }
    told = -1
  }
}
