import Attention
import Foundation
import Kernels
import Simulator
import Traces

/// What a replay, a sweep or a search is asked of any trace: which policies, on which part of it, calibrated by what, and how it
/// is computed.
public struct ReplayRequest: Sendable {
  public var policies: PolicyChoice
  /// Layer numbers; nil for all captured.
  public var layers: NumberRanges?
  /// Query heads to report; nil for all.
  public var heads: NumberRanges?
  /// Decode steps to score, counted from 0; nil for all.
  public var steps: Range<Int>?
  /// Of every random choice.
  public var seed: UInt64
  /// Path of a calibration profile; nil for the bundled one of the trace's model.
  public var profile: String?
  /// Whether each trace's own earliest queries calibrate in place of a profile, and are scored for no policy.
  public var selfCalibrates: Bool
  public var threads: Int
  public var instructionSet: InstructionSet

  public init(
    policies: PolicyChoice = PolicyChoice(), layers: NumberRanges? = nil, heads: NumberRanges? = nil,
    steps: Range<Int>? = nil, seed: UInt64 = 0, profile: String? = nil, selfCalibrates: Bool = false,
    threads: Int = ProcessInfo.processInfo.activeProcessorCount, instructionSet: InstructionSet = .best
  ) {
    self.policies = policies
    self.layers = layers
    self.heads = heads
    self.steps = steps
    self.seed = seed
    self.profile = profile
    self.selfCalibrates = selfCalibrates
    self.threads = threads
    self.instructionSet = instructionSet
  }
}

extension ReplayRequest {
  /// Looks at a trace before any work is done: finds the profile, and which policies the trace can serve.
  ///
  /// A policy that lacks something is refused where it was named, and left out with a note where it came with `all`. What
  /// a policy reads of a file of its own is checked when the replay is planned.
  ///
  /// - Parameter budgets: what policies will be asked to keep to: what some need depends on it.
  /// - Throws: `ReplayError` where the trace lacks a layer or head, the profile is not for it, a named policy cannot run, or
  ///   none is left.
  public func prepare(_ trace: Trace, budgets: BudgetChoice = .tokens([])) throws -> PreparedReplay {
    let options = ReplayOptions(
      layers: try ReplayPlan.layers(layers, of: trace), heads: try ReplayPlan.heads(heads, of: trace),
      steps: steps, threads: threads, seed: seed, instructionSet: instructionSet,
      profile: try ProfileLocator.profile(
        given: profile, for: trace, policies.configurations, selfCalibrates: selfCalibrates),
      selfCalibrates: selfCalibrates)
    // Steps and budgets that cannot be are said before what a policy lacks.
    _ = try ReplayPlan(trace, configurations: [], options: options)
    _ = try ReplayConfiguration.grid([], budgets: budgets.known)
    let fitness = Runnability(trace, options: options)
    var leftOut: [LeftOut] = []
    let policies = policies.canonical(in: trace.metadata)
    let runnable = try policies.configurations.filter { policy in
      guard !policy.needs.contains(.file), let obstacle = fitness.obstacle(policy, budgets: budgets.known)
      else {
        return true
      }
      guard !policies.isNamed(policy) else {
        throw ReplayError(obstacle, in: trace.path, advice: "else leave that policy or that trace out")
      }
      leftOut.append(LeftOut(policy: policy.label, note: "left out: \(obstacle)"))
      return false
    }
    guard !runnable.isEmpty else {
      throw PreparedReplay.nothing(on: trace, leftOut.map(\.note))
    }
    return PreparedReplay(
      trace: trace, options: options, policies: runnable, budgets: budgets, fitness: fitness, leftOut: leftOut
    )
  }
}
