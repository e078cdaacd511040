import Attention
import Dispatch

/// Runs the same work on several threads at once, round after round, and times the rounds.
struct ParallelRounds {
  let threads: Int
  /// Rounds are taken until this long has passed, and at least `fewest`.
  var seconds = 0.25
  var fewest = 9
  var most = 500

  /// - Parameter work: one thread's part of one round.
  /// - Returns: seconds of each round, from the first thread's start to the last one's end.
  func time(_ work: @Sendable (_ thread: Int) -> Void) -> Quantity {
    let clock = ContinuousClock()
    var samples: [Double] = []
    // The first round faults pages in and warms the clock, and is dropped.
    run(work)
    let start = clock.now
    while samples.count < fewest || ((clock.now - start).seconds < seconds && samples.count < most) {
      samples.append(clock.measure { run(work) }.seconds)
    }
    return Quantity(samples)
  }

  private func run(_ work: @Sendable (Int) -> Void) {
    if threads == 1 { work(0) } else { DispatchQueue.concurrentPerform(iterations: threads, execute: work) }
  }
}
