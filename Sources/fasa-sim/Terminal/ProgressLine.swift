import Experiments
import Foundation
import Policies
import Synchronization

/// A line on standard error that tells how far long work has come; silent where that is no terminal.
final class ProgressLine: Sendable {
  private let title: String
  private let isShown: Bool
  private let started = ContinuousClock.now
  private let lastShare = Mutex(-1)

  init(_ title: String) {
    self.title = title.onOneLine
    isShown = isatty(STDERR_FILENO) == 1
  }

  func update(_ done: Int, of total: Int) {
    guard isShown, total > 0 else { return }
    let share = Double(done) / Double(total)
    let percent = Int(saturating: 100 * share)
    let isNew = lastShare.withLock { last in
      defer { last = max(last, percent) }
      return percent > last
    }
    guard isNew else { return }
    let elapsed = (ContinuousClock.now - started).components.seconds
    let left = done > 0 ? Int(saturating: Double(elapsed) * (1 - share) / share) : 0
    Output.progress("\(Output.clear)\(title) \(percent) %" + (elapsed > 2 ? ", about \(left) s left" : ""))
  }

  func finish() { if isShown { Output.progress(Output.clear) } }
}
