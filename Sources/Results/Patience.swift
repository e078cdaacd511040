import Foundation
import GRDB
import Synchronization

/// How long a connection waits for another process's lock, and whom it tells.
final class Patience: Sendable {
  private let seconds: Double
  private let waiting: @Sendable () -> Void
  private let state = Mutex<(since: ContinuousClock.Instant, isTold: Bool)>((.now, false))

  /// Waits shorter than this are not worth a word.
  private static let silentSeconds = 1.0

  /// - Parameter waiting: called once, when a wait is no longer short.
  init(seconds: Double, waiting: @escaping @Sendable () -> Void) {
    self.seconds = seconds
    self.waiting = waiting
  }

  var busyMode: Database.BusyMode {
    .callback { [self] tries in self.waitsOn(after: tries) }
  }

  /// - Parameter tries: how often SQLite has asked in this wait.
  private func waitsOn(after tries: Int) -> Bool {
    if tries == 0 { state.withLock { $0.since = .now } }
    let waited = (ContinuousClock.now - state.withLock { $0.since }) / .seconds(1)
    guard waited < seconds else { return false }
    let isNews = state.withLock { state in
      defer { state.isTold = state.isTold || waited >= Self.silentSeconds }
      return waited >= Self.silentSeconds && !state.isTold
    }
    if isNews { waiting() }
    Thread.sleep(forTimeInterval: min(0.001 * Double(tries + 1), 0.05, max(seconds - waited, 0.001)))
    return true
  }
}
