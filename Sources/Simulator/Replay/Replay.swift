import Kernels
import Policies
import Synchronization
import Traces

/// Replays a trace through policies: the exact path.
///
///     let result = try Replay(trace).run(configurations, options: ReplayOptions(threads: 2))
///
/// The same trace and configurations give the same bits whatever the threads and the instruction set.
public struct Replay: Sendable {
  public let trace: Trace

  public init(_ trace: Trace) { self.trace = trace }

  /// - Parameter traceDigest: `Trace.digest()`, where the caller has computed it already; else one thread does
  ///   while the others replay.
  /// - Throws: ``ReplayError``, `PolicyError` or `TraceError`, before anything is kept.
  public func run(_ configurations: [ReplayConfiguration], options: ReplayOptions, traceDigest: String? = nil)
    throws -> ReplayResult
  {
    let plan = try ReplayPlan(trace, configurations: configurations, options: options)
    let groups = TraceGroups(trace)
    let kernels = try Kernels(options.instructionSet)
    let agreement = try plan.agreement(options: options)
    let pipeline = GroupPipeline(
      trace: trace, layers: plan.layers, kvHeads: plan.kvHeads, threads: options.threads)
    let digest = Mutex(traceDigest)
    let outcomes = try pipeline.map(
      worker: { ReplayWorker(kernels: kernels) },
      beside: {
        if traceDigest == nil {
          let computed = try trace.digest()
          digest.withLock { $0 = computed }
        }
      }, progress: options.progress
    ) { tensors, kvHead, worker in
      let replay = GroupReplay(
        group: groups.context(
          layer: tensors.layer, kvHead: kvHead, element: tensors.k.element, seed: options.seed,
          agreement: agreement),
        keys: groups.keys(tensors, kvHead: kvHead, worker: worker),
        values: groups.values(tensors, kvHead: kvHead, worker: worker),
        queries: groups.queries(tensors, kvHead: kvHead, rows: plan.rows, kernels: kernels),
        steps: groups.steps(rows: plan.rows, layer: tensors.layer), worker: worker)
      return ReplayedGroup(group: replay.group, outcome: try replay.run(configurations))
    }
    let assembly = ReplayAssembly(
      trace: trace, traceDigest: try digest.withLock(\.self) ?? trace.digest(), plan: plan, options: options)
    return assembly.result(configurations, outcomes)
  }
}

/// A group's outcome with where it belongs.
struct ReplayedGroup: Sendable {
  let group: GroupContext
  let outcome: GroupOutcome
}
