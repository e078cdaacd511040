import Attention
import Kernels
import Policies
import Traces

/// Finds what keeps a policy from a trace before any work is done, so that `all` can leave it out and say why.
///
/// What all policies share is looked at once: a grid may have a hundred thousand of them.
public final class Runnability {
  private let trace: Trace
  private let options: ReplayOptions

  private lazy var hasWindow = !TraceGroups(trace).promptRows.isEmpty

  /// What is wrong with the profile; nil where nothing is.
  private lazy var profileFlaw: ReplayError? = {
    do throws(ReplayError) {
      try options.profile?.check(against: trace)
      return nil
    } catch {
      return error
    }
  }()

  /// The first KV group of each layer, as a replay would make it.
  private lazy var contexts: [GroupContext] = {
    let groups = TraceGroups(trace)
    let profile = options.profile?.profile
    let statistics = profile?.headStatistics(for: groups.chunks.pairing)
    let agreement = profile?.contextualAgreement
    return (options.layers ?? trace.metadata.capturedLayers).sorted().map { layer in
      groups.context(
        layer: layer, kvHead: 0, element: .f16, seed: options.seed, agreement: agreement,
        statistics: statistics)
    }
  }()

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
      obstacles.append("\(obstacle)")
      return false
    }
    return (runnable, obstacles)
  }

  /// Why a policy cannot run on the trace's layers that are asked for, or nil.
  public func obstacle(_ policy: PolicyConfiguration, budgets: [Budget] = []) -> (any ExplainedError)? {
    if policy.needs.contains(.observationWindow), !hasWindow {
      return ReplayError(
        policy.label, expected: "traced queries of the prompt", found: "none in the trace",
        advice: "capture it with an observation window")
    }
    let layers = options.layers ?? trace.metadata.capturedLayers
    if let lack = TraceScores(trace: trace, needs: []).lack(policy, layers: layers) { return lack }
    if policy.isCalibrated, let profileFlaw { return ReplayError(profileFlaw, in: policy.label) }
    if let lack = CalibrationCheck(trace: trace, options: options).lack(policy) { return lack }
    // What the trace's own queries calibrate holds every layer.
    if policy.needs.contains(.contextualAgreement), options.profile == nil { return nil }
    do {
      try begin(policy, asked: nil)
      // What a budget decides beside the choice is which agreement a policy looks up.
      guard policy.needs.contains(.contextualAgreement) else { return nil }
      for budget in budgets { try begin(policy, asked: budget) }
      return nil
    } catch let error as any ExplainedError {
      return error
    } catch {
      return ReplayError(
        policy.label, expected: "a policy that begins", found: "\(error)", advice: "leave it out")
    }
  }

  /// Makes the policy for every layer, as a replay would.
  private func begin(_ policy: PolicyConfiguration, asked: Budget?) throws {
    var before: (any LayerPolicy)?
    for group in contexts {
      guard let made = try policy.policy(for: group, asked: asked) as? any LayerPolicy else { continue }
      var current = policy.scope == .model ? before ?? made : made
      try current.begin(layer: [group])
      before = current
    }
  }
}
