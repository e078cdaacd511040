import Dispatch
import Foundation
import Synchronization

/// Ends a sweep on Ctrl-C between two transactions: says what is stored, and exits with 130.
final class SweepInterruption {
  /// As shells report a process that SIGINT ended.
  static let status: Int32 = 130

  private let state: State
  private let source: any DispatchSourceSignal

  init(database: String) {
    let state = State(database: database)
    self.state = state
    // The source hears it in the default action's place.
    signal(SIGINT, SIG_IGN)
    // A queue of its own, since the replay's work fills the shared ones.
    source = DispatchSource.makeSignalSource(signal: SIGINT, queue: DispatchQueue(label: "interruption"))
    source.setEventHandler { state.end() }
    source.resume()
  }

  deinit {
    source.cancel()
    signal(SIGINT, SIG_DFL)
  }

  func begin(stored: Int, of total: Int) { state.count.withLock { $0 = (stored, total) } }

  /// Stores `more` configurations; an interruption waits until it is done.
  func storing(_ more: Int, _ body: () throws -> Void) throws {
    try state.count.withLock { count in
      try body()
      count.stored += more
    }
  }

  private final class State: Sendable {
    let database: String
    let count = Mutex<(stored: Int, total: Int)>((0, 0))

    init(database: String) { self.database = database }

    func end() -> Never {
      count.withLock { count in
        let kept =
          database == ":memory:"
          ? "nothing is kept, since the database was in memory"
          : "\(count.stored) of \(count.total) configurations are stored in \(database); the same command goes on from there"
        Output.note("interrupted: \(kept)", clearsLine: true)
        // Not exit(), which would take down what other threads still use.
        _exit(SweepInterruption.status)
      }
    }
  }
}
