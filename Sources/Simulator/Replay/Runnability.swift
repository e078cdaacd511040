import Kernels
import Policies
import Traces

/// Finds what keeps a policy from a trace before any work is done, so that `all` can leave it out and say why.
public struct Runnability {
  private let trace: Trace
  private let options: ReplayOptions

  public init(_ trace: Trace, options: ReplayOptions) {
    self.trace = trace
    self.options = options
  }

  /// - Throws: ``ReplayError`` where the profile that was given is not one for this trace and a policy would use it: that is
  ///   nothing to leave a policy out for.
  public func checkProfile(_ policies: [PolicyConfiguration]) throws {
    try CalibrationCheck(trace: trace, options: options).checkProfile(policies)
  }

  /// The policies that can run, and why each of the others cannot.
  ///
  /// - Parameter budgets: those that each will be asked to keep to, where they are known.
  public func sorted(_ policies: [PolicyConfiguration], budgets: [Budget] = []) -> (
    runnable: [PolicyConfiguration], obstacles: [String]
  ) {
    var obstacles: [String] = []
    let runnable = policies.filter { policy in
      guard let obstacle = obstacle(policy, budgets: budgets) else { return true }
      obstacles.append(obstacle)
      return false
    }
    return (runnable, obstacles)
  }

  /// Why a policy cannot run on the trace's layers that are asked for, or nil.
  public func obstacle(_ policy: PolicyConfiguration, budgets: [Budget] = []) -> String? {
    if policy.needs.contains(.observationWindow), TraceGroups(trace).promptRows.isEmpty {
      return "\(policy.label): needs traced queries of the prompt, and the trace has none"
    }
    if let obstacle = CalibrationCheck(trace: trace, options: options).obstacle(policy) { return obstacle }
    // What the trace's own queries calibrate holds every layer.
    if policy.needs.contains(.contextualAgreement), options.profile == nil { return nil }
    do {
      try begin(policy, asked: nil)
      for budget in budgets { try begin(policy, asked: budget) }
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Makes the policy for every layer, as a replay would.
  private func begin(_ policy: PolicyConfiguration, asked: Budget?) throws {
    let groups = TraceGroups(trace)
    let needsStatistics = policy.needs.contains(.headStatistics)
    let statistics =
      needsStatistics
      ? options.profile?.profile.headStatistics(for: groups.chunks.pairing) : nil
    let agreement =
      policy.needs.contains(.contextualAgreement)
      ? options.profile?.profile.contextualAgreement : nil
    var before: (any LayerPolicy)?
    for layer in (options.layers ?? trace.metadata.capturedLayers).sorted() {
      let group = groups.context(
        layer: layer, kvHead: 0, element: .f16, seed: options.seed, agreement: agreement,
        statistics: statistics)
      guard let made = try policy.policy(for: group, asked: asked) as? any LayerPolicy else { continue }
      var current = policy.descriptor.scope == .model ? before ?? made : made
      try current.begin(layer: [group])
      before = current
    }
  }
}
