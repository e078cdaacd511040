import Dispatch
import Experiments
import Foundation
import Policies
import Synchronization

/// A line on standard error that tells how far long work has come, from the first second on; silent where that is no terminal.
final class ProgressLine: Sendable {
  private struct State {
    var text: ProgressText
    var share: Double?
    var count: ProgressText.Count?
    var isForetold = false
    var isFinished = false
  }

  /// Work that goes on longer is foretold on a line that stays.
  private static let long = 30.0

  private let state: Mutex<State>
  private let started = ContinuousClock.now
  // Made, started and cancelled here alone; a source is safe to cancel from any thread.
  nonisolated(unsafe) private let timer: (any DispatchSourceTimer)?
  private let count: (@Sendable () -> ProgressText.Count?)?

  /// - Parameters:
  ///   - expected: about how many seconds it takes, where that is known beforehand.
  ///   - foretold: the same in words, with what else there is to say; nil for the time alone.
  ///   - count: asked for what is done, whenever the line is drawn.
  init(
    _ title: String, expected: Double? = nil, foretold: String? = nil,
    count: (@Sendable () -> ProgressText.Count?)? = nil
  ) {
    state = Mutex(State(text: ProgressText(title, expected: expected)))
    self.count = count
    guard Terminal.obeys(STDERR_FILENO) else {
      timer = nil
      return
    }
    if let expected, expected > Self.long {
      Output.note("\(title): \(foretold ?? DurationText.about(expected))")
      state.withLock { $0.isForetold = true }
    }
    let timer = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
    self.timer = timer
    timer.schedule(deadline: .now() + 0.5, repeating: 0.5)
    timer.setEventHandler { [weak self] in self?.draw() }
    timer.resume()
  }

  /// Of replays, by an estimate of what is to be computed.
  convenience init(
    _ title: String, _ estimate: ReplayEstimate, threads: Int,
    count: (@Sendable () -> ProgressText.Count?)?
  ) {
    self.init(
      title, expected: estimate.seconds, foretold: estimate.text(threads: threads), count: count)
  }

  func update(_ done: Int, of total: Int) {
    guard timer != nil, total > 0 else { return }
    let share = Double(done) / Double(total)
    state.withLock { $0.share = max($0.share ?? 0, min(1, share)) }
  }

  /// Where it is not known how many there will be.
  func update(_ done: Int, _ unit: String) {
    guard timer != nil else { return }
    state.withLock { $0.count = ProgressText.Count(unit, done: done) }
  }

  private func draw() {
    let elapsed = (ContinuousClock.now - started).components
    let time = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
    let width = Terminal.width(STDERR_FILENO) ?? 80
    // Drawn under the lock, so that nothing is drawn after the end.
    state.withLock { state in
      guard !state.isFinished else { return }
      let (line, left) = state.text.line(
        time, share: state.share, count: count?() ?? state.count, width: width)
      if let left, !state.isForetold {
        state.isForetold = true
        if left > Self.long {
          Output.note("\(state.text.title): \(DurationText.about(left)) to go", clearsLine: true)
        }
      }
      Output.progress(Output.clear + line)
    }
  }

  func finish() {
    timer?.cancel()
    state.withLock { state in
      guard timer != nil, !state.isFinished else { return }
      state.isFinished = true
      Output.progress(Output.clear)
    }
  }

  deinit { timer?.cancel() }
}
