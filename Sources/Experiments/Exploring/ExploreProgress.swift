import Simulator
import Synchronization

/// Work done, of all that the search plans: candidates times layers times steps.
final class ExploreProgress: Sendable {
  private struct State {
    var done = 0.0
    var current = 0.0
    var share = 0.0
  }

  private let report: @Sendable (Int, Int) -> Void
  private let works: [Double]
  private let total: Double
  private let state = Mutex(State())

  /// - Parameter report: called with parts done and parts in all, from any thread.
  init(rungs: [ReplayRung], planned: [Int], report: @escaping @Sendable (Int, Int) -> Void) {
    self.report = report
    works = rungs.map { Double($0.work) }
    total = zip(planned, works).reduce(0) { $0 + Double($1.0) * $1.1 }
  }

  func begin(_ count: Int, rung: Int) {
    state.withLock {
      $0.current = Double(count) * works[rung]
      $0.share = 0
    }
  }

  /// Of one walk through the trace; a rung has up to three, which count as one.
  func update(_ done: Int, of count: Int) {
    let now = state.withLock { state in
      state.share = max(state.share, Double(done) / Double(max(count, 1)))
      return state.done + state.current * state.share
    }
    show(now)
  }

  func end() {
    let now = state.withLock { state in
      state.done += state.current
      state.current = 0
      return state.done
    }
    show(now)
  }

  private func show(_ now: Double) {
    report(Int(1000 * min(1, now / max(total, 1))), 1000)
  }
}
