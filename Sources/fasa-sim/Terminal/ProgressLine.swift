import Foundation
import Synchronization

/// A line on standard error that tells how far long work has come; silent where that is no terminal.
final class ProgressLine: Sendable {
  private let title: String
  private let isShown: Bool
  private let started = ContinuousClock.now
  private let lastShare = Mutex(-1)

  init(_ title: String) {
    self.title = title
    isShown = isatty(STDERR_FILENO) == 1
  }

  func update(_ done: Int, of total: Int) {
    guard isShown, total > 0 else { return }
    let percent = 100 * done / total
    let isNew = lastShare.withLock { last in
      defer { last = max(last, percent) }
      return percent > last
    }
    guard isNew else { return }
    let elapsed = (ContinuousClock.now - started).components.seconds
    let left = done > 0 ? elapsed * Int64(total - done) / Int64(done) : 0
    write("\r\u{1B}[K\(title) \(percent) %" + (elapsed > 2 ? ", about \(left) s left" : ""))
  }

  func finish() { if isShown { write("\r\u{1B}[K") } }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
