import Kernels
import Policies

/// One thread's KV groups, timed turn by turn, and what it measured.
///
/// Made on one thread and run on another, one after the other: nothing of it is shared while it runs.
final class TimingRound: @unchecked Sendable {
  private let steps: [(place: Int, step: TimedStep)]
  /// Groups of all threads.
  private let count: Int
  private(set) var samples: [KernelSample] = []

  /// - Parameter groups: with their places among those of all threads.
  init(_ groups: [(place: Int, group: ColdGroup, choice: GroupChoice)], of count: Int, kernels: Kernels) {
    let scratch = StepScratch()
    self.count = count
    steps = groups.map { place, group, choice in
      let preparation = StepPreparation(group: group, choice: choice, kernels: kernels, scratch: scratch)
      return (place, TimedStep(preparation))
    }
  }

  /// The first pass is not kept: it faults pages in and warms the clock.
  func run(passes: Int) {
    for pass in 0..<passes + 1 {
      for index in steps.indices {
        // Half a round apart, so that neither finds what the other has just read.
        let other = steps[(index + steps.count / 2) % steps.count].step
        let (place, step) = steps[index]
        let stages = [other.dense()] + step.run()
        guard pass > 0 else { continue }
        samples += stages.map { stage in
          KernelSample(
            stage: stage.stage, repeatIndex: (pass - 1) * count + place, layer: step.group.context.layer,
            kvHead: step.group.context.kvHead, nanoseconds: stage.nanoseconds, bytes: stage.bytes)
        }
      }
    }
  }
}
