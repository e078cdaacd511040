import ArgumentParser
import Attention
import Experiments
import Policies

/// A sweep as options say it, field by field as in a YAML file.
struct SweepFlags: ParsableArguments {
  @OptionGroup var policies: PolicyOptions<Defaults>

  @OptionGroup var budget: BudgetOptions<Defaults>

  @OptionGroup var hardware: HardwareOptions

  @OptionGroup var part: TracePartOptions

  @OptionGroup var heads: HeadOptions

  @OptionGroup var profile: ProfileOptions

  @OptionGroup var seed: SeedOptions

  @OptionGroup var storing: StoringOptions

  /// A sweep has none.
  enum Defaults: ReplayDefaults {
    static let policies: [String] = []
    static let budgets: [Budget] = []
  }

  /// Names of the options that were given.
  var given: [String] {
    [
      ("--policy", !policies.policy.isEmpty), ("--budget", !budget.budget.isEmpty),
      ("--hardware", !hardware.hardware.isEmpty), ("--layers", part.layers != nil),
      ("--heads", heads.heads != nil), ("--steps", part.steps != nil), ("--profile", profile.profile != nil),
      ("--self-calibrate", profile.selfCalibrates), ("--seed", seed.seed != nil),
      ("--detail", storing.detail != nil), ("--no-timing", storing.noTiming),
      ("--kernel-threads", storing.kernelThreads != nil),
    ].filter(\.1).map(\.0)
  }

  func plan(_ traces: [String], machine: MachineOptions) throws -> SweepPlan {
    var choice = PolicyChoice()
    for text in policies.policy { try choice.add(parsing: [text]) }
    var plan = SweepPlan()
    plan.traces = traces
    plan.request = ReplayRequest(
      choice, part: part, heads: heads, profile: profile, seed: seed, machine: machine)
    plan.budgets = budget.budgets
    plan.hardware = hardware.names
    plan.detail = storing.detail ?? .head
    plan.isTimed = !storing.noTiming
    plan.kernelThreads = storing.kernelThreads ?? 1
    return plan
  }
}
