import Attention
import Hardware
import Kernels
import Policies
import Traces

/// Times the decode kernels of every configuration beside dense attention: the timing path.
///
/// One thread; each sample is one decode step of one KV group, going round caches that together exceed
/// the last-level cache; dense and the policy alternate. What is attended are the tokens that the
/// exact path chose at the last step; everything else is of the extent of the mean step.
///
/// One object times any number of results of the same layers, heads and steps: it keeps the caches, and measures the
/// machine's bandwidth once.
public final class KernelTiming {
  public let trace: Trace
  /// Fewest samples of each stage.
  private let samples: Int
  private var arena: TimingArena?
  private var readBandwidth: Double?

  public init(_ trace: Trace, samples: Int = 48) {
    self.trace = trace
    self.samples = samples
  }

  /// Adds kernel samples to every configuration of `result`.
  public func run(_ result: ReplayResult, progress: ((Int, Int) -> Void)? = nil) throws -> ReplayResult {
    let kernels = try Kernels(result.instructionSet)
    let arena =
      try arena
      ?? TimingArena(
        trace, layers: result.layers, kvHeads: result.kvHeads,
        rows: result.steps.map(TraceGroups(trace).row(of:)),
        kernels: kernels,
        bytes: ReadBandwidth.coldBytes())
    self.arena = arena
    var timed = result
    for index in timed.configurations.indices {
      timed.configurations[index].kernelSamples = samples(
        timed.configurations[index], arena: arena, kernels: kernels)
      progress?(index + 1, timed.configurations.count)
    }
    let bandwidth = readBandwidth ?? ReadBandwidth.measure(kernels)
    readBandwidth = bandwidth
    timed.readBandwidth = bandwidth
    return timed
  }

  private func samples(_ configuration: ConfigurationResult, arena: TimingArena, kernels: Kernels)
    -> [KernelSample]
  {
    let scratch = StepScratch()
    let steps = arena.groups.compactMap { group in
      configuration.lastChoices.first { $0.layer == group.context.layer && $0.kvHead == group.context.kvHead }
        .map { TimedStep(StepPreparation(group: group, choice: $0, kernels: kernels, scratch: scratch)) }
    }
    guard !steps.isEmpty else { return [] }
    var result: [KernelSample] = []
    let passes = (samples + steps.count - 1) / steps.count
    // The first round is not kept: it faults pages in and warms the clock.
    for pass in 0..<passes + 1 {
      for index in steps.indices {
        // Half a round apart, so that neither finds what the other has just read.
        let other = steps[(index + steps.count / 2) % steps.count]
        let stages = [other.dense()] + steps[index].run()
        guard pass > 0 else { continue }
        let group = steps[index].group.context
        result += stages.map { stage in
          KernelSample(
            stage: stage.stage, repeatIndex: (pass - 1) * steps.count + index, layer: group.layer,
            kvHead: group.kvHead, nanoseconds: stage.nanoseconds, bytes: stage.bytes)
        }
      }
    }
    return result
  }
}
