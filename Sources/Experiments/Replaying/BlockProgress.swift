import Synchronization

/// How far a job has come that is done in blocks, each of which walks the trace up to three times.
final class BlockProgress: Sendable {
  private struct State {
    /// Configurations of the blocks that are done.
    var done = 0
    /// Of the block that is walked: by the walk that has come farthest, so that the next one never sets it back.
    var share = 0.0
  }

  /// Parts of the whole that progress is told in.
  private static let parts = 10_000

  private let count: Int
  private let report: @Sendable (Int, Int) -> Void
  private let state = Mutex(State())

  /// - Parameters:
  ///   - count: configurations of all blocks.
  ///   - report: called with parts done and parts in all, from any thread.
  init(_ count: Int, report: @escaping @Sendable (Int, Int) -> Void) {
    self.count = count
    self.report = report
  }

  func walked(_ groups: Int, of all: Int, block: Int) {
    show(
      state.withLock { state in
        state.share = max(state.share, Double(groups) / Double(max(all, 1)))
        return Double(state.done) + Double(block) * state.share
      })
  }

  func finished(block: Int) {
    show(
      state.withLock { state in
        state.done += block
        state.share = 0
        return Double(state.done)
      })
  }

  private func show(_ done: Double) {
    report(Int(Double(Self.parts) * done / Double(max(count, 1))), Self.parts)
  }
}
