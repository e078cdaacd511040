import Attention
import Dispatch
import Kernels
import Machine
import Policies
import Traces

/// Times the decode kernels of every configuration beside dense attention: the timing path.
///
/// Each sample is one decode step of one KV group on one thread, going round caches that together exceed
/// the last-level cache; dense and the policy alternate. Several threads do so side by side, each with KV groups of its own,
/// as they share a memory. What is attended are the tokens that the
/// exact path chose at the last step; everything else is of the extent of the mean step.
///
/// One object times any number of results of the same layers, heads and steps: it keeps the caches, and measures the
/// machine's bandwidth once.
public final class KernelTiming {
  public let trace: Trace
  /// Fewest samples of each stage.
  private let samples: Int
  private let threads: Int
  private var arena: TimingArena?
  private var readBandwidth: Double?

  public init(_ trace: Trace, samples: Int = 48, threads: Int = 1) {
    self.trace = trace
    self.samples = samples
    self.threads = threads
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
    // The kernels read keys and values of 16 and 32 bits alone.
    if configuration.configuration.policy.cacheFormat != nil { return [] }
    let groups = arena.groups.compactMap { group in
      configuration.lastChoices.first { $0.layer == group.context.layer && $0.kvHead == group.context.kvHead }
        .map { (group, $0) }
    }
    guard !groups.isEmpty else { return [] }
    let passes = (samples + groups.count - 1) / groups.count
    let rounds = (0..<min(threads, groups.count)).map { thread in
      TimingRound(
        groups.indices.filter { $0 % threads == thread }.map { ($0, groups[$0].0, groups[$0].1) },
        of: groups.count, kernels: kernels)
    }
    if rounds.count == 1 {
      rounds[0].run(passes: passes)
    } else {
      DispatchQueue.concurrentPerform(iterations: rounds.count) { rounds[$0].run(passes: passes) }
    }
    return rounds.flatMap(\.samples).sorted {
      ($0.repeatIndex, $0.name) < ($1.repeatIndex, $1.name)
    }
  }
}
