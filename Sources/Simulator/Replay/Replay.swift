import Attention
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

  /// - Parameters:
  ///   - traceDigest: `Trace.digest()`, where the caller has computed it already; else one thread does while the others
  ///     replay.
  ///   - whole: of all the configurations that belong together, where these are a part of them: which steps are scored
  ///     may depend on the others.
  /// - Throws: ``ReplayError``, `PolicyError` or `TraceError`, before anything is kept.
  public func run(
    _ configurations: [ReplayConfiguration], options: ReplayOptions, traceDigest: String? = nil,
    whole: ReplayPlan? = nil
  ) throws -> ReplayResult {
    let plan = try whole ?? ReplayPlan(trace, configurations: configurations, options: options)
    let walk = ReplayWalk(
      trace: trace, plan: plan, options: options,
      inputs: GroupInputs(
        groups: TraceGroups(trace), rows: plan.warmUpRows + plan.rows, warmUp: plan.warmUpRows.count,
        seed: options.seed,
        agreement: try plan.agreement(options: options), statistics: plan.statistics, external: plan.external,
        needs: Set(configurations.flatMap(\.policy.needs)),
        formats: CacheFormat.allCases.filter(Set(configurations.map(\.policy.cacheFormat)).contains),
        scoresWholeLayers: plan.scoresWholeLayers, keepsChoices: options.keepsChoices)
    )
    func members(_ scope: PolicyDescriptor.Scope) -> [ReplayConfiguration] {
      configurations.filter { $0.policy.scope == scope }
    }
    let digest = Mutex(traceDigest)
    // The groups are walked even for nobody: dense attention is counted there.
    var outcomes = [
      PolicyDescriptor.Scope.group: try walk.groups(members(.group)) {
        if traceDigest == nil {
          let computed = try trace.digest()
          digest.withLock { $0 = computed }
        }
      }
    ]
    outcomes[.layer] = try walk.layers(members(.layer))
    outcomes[.model] = try walk.model(members(.model))
    let assembly = ReplayAssembly(
      trace: trace, traceDigest: try digest.withLock(\.self) ?? trace.digest(), plan: plan, options: options)
    return assembly.result(configurations, outcomes)
  }
}

/// A group's outcome with where it belongs.
struct ReplayedGroup: Sendable {
  let group: GroupContext
  let outcome: GroupOutcome
  /// Of each configuration what the group's layer loses after its output projection: of one group of a layer alone, and
  /// of none where that is not known.
  let projected: [LayerResult]
}
