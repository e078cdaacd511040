import ArgumentParser
import Policies
import Results
import Simulator

/// A sweep as options say it, field by field as in a YAML file.
struct SweepFlags: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Policies with grids of parameters, such as fasa:chunks=4/8/16, or all; repeat or separate by commas.",
      valueName: "policy,…"),
    completion: .list(PolicyRegistry.names))
  var policy: [String] = []

  @Option(
    help: ArgumentHelp("Token budgets: counts or shares; repeat or separate by commas.", valueName: "k,…"))
  var budget: [BudgetList] = []

  @Option(help: ArgumentHelp("Hardware to price on; repeat or separate by commas.", valueName: "name,…"))
  var hardware: [String] = []

  @Option(help: ArgumentHelp("Layers, such as 0-3,7; all captured ones by default.", valueName: "layers"))
  var layers: NumberList?

  @Option(help: ArgumentHelp("Query heads to report, such as 0-2; all by default.", valueName: "heads"))
  var heads: NumberList?

  @Option(
    help: ArgumentHelp("Decode steps, counted from 0, such as 0-31; all by default.", valueName: "first-last")
  )
  var steps: StepRange?

  @Option(
    help: ArgumentHelp(
      "Calibration profile; the bundled one of a trace's model by default.", valueName: "file"),
    completion: .file())
  var profile: String?

  @Flag(
    name: .customLong("self-calibrate"),
    help:
      "Calibrate FASA's chunks on the trace's own earliest queries, in place of a profile, and score none of them for any policy."
  )
  var selfCalibrates = false

  @Option(help: "Seed of every random choice. (default: 0)")
  var seed: UInt64?

  @Option(help: "What to store: summaries per head, or every step as well. (default: head)")
  var detail: ResultsStore.Detail?

  @Flag(name: .customLong("no-timing"), help: "Leave out the kernel timings.")
  var noTiming = false

  /// Names of the options that were given.
  var given: [String] {
    [
      ("--policy", !policy.isEmpty), ("--budget", !budget.isEmpty), ("--hardware", !hardware.isEmpty),
      ("--layers", layers != nil), ("--heads", heads != nil), ("--steps", steps != nil),
      ("--profile", profile != nil), ("--self-calibrate", selfCalibrates), ("--seed", seed != nil),
      ("--detail", detail != nil),
      ("--no-timing", noTiming),
    ].filter(\.1).map(\.0)
  }

  func plan(_ traces: [String]) throws -> SweepPlan {
    var plan = SweepPlan()
    plan.traces = traces
    for text in policy { plan.add(try PolicyGrammar.parse([text])) }
    plan.asksForEverything = PolicyGrammar.asksForEverything(policy)
    var seen: Set<Budget> = []
    plan.budgets = budget.flatMap(\.budgets).filter { seen.insert($0).inserted }
    plan.hardware = hardware.flatMap { $0.split(separator: ",").map(String.init) }
    plan.layers = layers?.ranges
    plan.heads = heads?.ranges
    plan.steps = steps?.range
    plan.profile = profile
    plan.selfCalibrates = selfCalibrates
    plan.seed = seed ?? 0
    plan.detail = detail ?? .head
    plan.isTimed = !noTiming
    return plan
  }
}
