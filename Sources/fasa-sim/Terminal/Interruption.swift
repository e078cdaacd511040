import Experiments
import Foundation
import Synchronization
import Traces

/// Ends a command on Ctrl-C, SIGTERM or a closed terminal, whatever it is at: says what is stored, and exits as shells report the signal.
///
/// Only a transaction is waited for, and that not for ever: one may itself wait for another process. What is cut short
/// there was not stored.
final class Interruption: StoringGuard {
  /// Seconds that a transaction gets to end.
  private static let patience = 1.0

  private let state: State
  private let signals: SignalListener

  /// - Parameters:
  ///   - computesAgain: whether the command computes what is stored, too, so that it cannot go on.
  ///   - clearing: ends what else runs, before all.
  init(
    database: String, computesAgain: Bool = false, clearing: @escaping @Sendable () -> Void = {}
  ) {
    let state = State(database: database, computesAgain: computesAgain, clearing: clearing)
    self.state = state
    // As shells report a process that the signal ended.
    signals = SignalListener { number in state.end(128 + number) }
  }

  /// - Parameter total: nil where it is not known how many configurations there will be.
  func begin(stored: Int, of total: Int?) { state.count.withLock { $0 = (stored, total, stored) } }

  /// Stores one configuration more, which an interruption lets end.
  func storing(_ transaction: () throws -> Void) throws {
    try state.isStoring.withLock {
      try transaction()
      state.count.withLock { $0.stored += 1 }
    }
  }

  /// From now on what is stored is moved into place at the end, which is then told by one status for every signal.
  ///
  /// - Parameters:
  ///   - publish: moves it.
  ///   - clearing: removes what would be left, whether anything was moved or not.
  func publishes(
    _ publish: @escaping @Sendable () throws -> Void, clearing: @escaping @Sendable () -> Void = {}
  ) {
    state.publish.withLock { $0 = (publish, clearing) }
  }

  /// Makes something and says how it is cleared away, which an interruption lets end: none comes between the two.
  func uncut<Value>(_ body: () throws -> Value) rethrows -> Value { try state.isStoring.withLock(body) }

  /// Whether this command has stored anything.
  var hasStored: Bool { state.count.withLock { $0.stored > $0.before } }

  /// What is stored, of how many configurations.
  var counted: @Sendable () -> ProgressText.Count? {
    let state = state
    return {
      let (stored, total, before) = state.count.withLock(\.self)
      return ProgressText.Count("configurations", done: stored, of: total, before: before)
    }
  }

  private final class State: Sendable {
    let database: String
    let computesAgain: Bool
    let clearing: @Sendable () -> Void
    let isStoring = NSLock()
    let publish = Mutex<(publish: @Sendable () throws -> Void, clear: @Sendable () -> Void)?>(nil)
    let count = Mutex<(stored: Int, total: Int?, before: Int)>((0, nil, 0))

    init(database: String, computesAgain: Bool, clearing: @escaping @Sendable () -> Void) {
      self.clearing = clearing
      self.database = database
      self.computesAgain = computesAgain
    }

    func end(_ status: Int32) -> Never {
      clearing()
      UnfinishedFiles.remove()
      let isWhole = isStoring.lock(before: Date(timeIntervalSinceNow: Interruption.patience))
      if let (publish, clear) = publish.withLock(\.self) { end(publishing: publish, clear) }
      Output.note("interrupted: \(kept(isWhole: isWhole))", clearsLine: true)
      // Not exit(), which would take down what other threads still use.
      _exit(status)
    }

    /// Where nothing new is stored the database stays as it was.
    private func end(publishing publish: @Sendable () throws -> Void, _ clear: @Sendable () -> Void) -> Never
    {
      let (stored, _, before) = count.withLock(\.self)
      do {
        if stored > before { try publish() }
        clear()
        Output.note("interrupted: \(kept(isWhole: true))", clearsLine: true)
        _exit(ExitStatus.interrupted)
      } catch {
        clear()
        Output.note("interrupted, and what was stored could not be kept: \(error)", clearsLine: true)
        _exit(ExitStatus.tryAgain)
      }
    }

    private func kept(isWhole: Bool) -> String {
      if database == ":memory:" { return "nothing is kept, since the database was in memory" }
      let (stored, total, _) = count.withLock(\.self)
      if computesAgain { return "what is stored stays in \(database); the same command begins anew" }
      switch (stored, total) {
      case (0, nil):
        return "nothing new is stored in \(database); the same command goes on from what it holds"
      case (0, let total?):
        return "none of \(total) configurations is stored in \(database); the same command begins anew"
      default:
        let number = total.map { "\(stored) of \($0)" } ?? "\(stored) new"
        return
          "\(isWhole ? "" : "at least ")\(number) configurations are stored in \(database); the same command goes on from there"
      }
    }
  }
}
