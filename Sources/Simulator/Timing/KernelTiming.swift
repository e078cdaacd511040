import Hardware
import Kernels
import Policies
import Traces

/// Times the decode kernels of every configuration beside dense attention: the timing path.
///
/// One thread; each sample is one decode step of one KV group, going round caches that together exceed
/// the last-level cache; dense and the policy alternate. What is attended are the tokens that the
/// exact path chose at the last step.
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
    let step = DecodeStep(kernels: kernels)
    var timed = result
    for index in timed.configurations.indices
    where timed.configurations[index].configuration.policy.descriptor.isTimed {
      timed.configurations[index].kernelSamples = self.samples(
        timed.configurations[index], arena: arena, step: step)
      progress?(index + 1, timed.configurations.count)
    }
    let bandwidth = readBandwidth ?? ReadBandwidth.measure(kernels)
    readBandwidth = bandwidth
    timed.readBandwidth = bandwidth
    return timed
  }

  private func samples(_ configuration: ConfigurationResult, arena: TimingArena, step: DecodeStep)
    -> [KernelSample]
  {
    let plans = arena.groups.compactMap { group in
      configuration.lastChoices.first { $0.layer == group.context.layer && $0.kvHead == group.context.kvHead }
        .map { Plan(group: group, choice: $0) }
    }
    guard !plans.isEmpty else { return [] }
    var result: [KernelSample] = []
    let passes = (samples + plans.count - 1) / plans.count
    // The first round is not kept: it faults pages in and warms the clock.
    for pass in 0..<passes + 1 {
      for index in plans.indices {
        let repeatIndex = (pass - 1) * plans.count + index
        // Half a round apart, so that neither finds what the other has just read.
        let other = plans[(index + plans.count / 2) % plans.count]
        let (denseTime, denseBytes) = step.dense(other.group)
        var stages: DecodeStep.Stages = [(.dense, denseTime, denseBytes)]
        stages += plans[index].run(step)
        guard pass > 0 else { continue }
        result += stages.map { stage in
          KernelSample(
            stage: stage.stage, repeatIndex: repeatIndex, layer: plans[index].group.context.layer,
            kvHead: plans[index].group.context.kvHead, nanoseconds: stage.nanoseconds, bytes: stage.bytes)
        }
      }
    }
    return result
  }

  /// What one configuration does with one cold group.
  private struct Plan {
    let group: ColdGroup
    let choice: GroupChoice
    let cache: ChannelCache?

    init(group: ColdGroup, choice: GroupChoice) {
      self.group = group
      self.choice = choice
      if case .channels(let channels, let layout) = choice.scorePass {
        cache = ChannelCache(group, channels: channels, layout: layout)
      } else {
        cache = nil
      }
    }

    func run(_ step: DecodeStep) -> DecodeStep.Stages {
      step.policy(
        group, pass: choice.scorePass, cache: cache, perGroup: choice.choosesPerGroup,
        choice: choice.selections)
    }
  }
}

/// What a configuration chose for one KV group at the last scored step, and how it came to choose.
struct GroupChoice: Sendable {
  let layer: Int
  let kvHead: Int
  /// A row per query head, token numbers from the first visible one; nil for everything.
  let selections: Selections?
  let scorePass: ScorePass
  let choosesPerGroup: Bool
}
