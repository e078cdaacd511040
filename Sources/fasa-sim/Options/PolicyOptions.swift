import ArgumentParser
import Attention
import Experiments
import Policies

/// What a command runs where it is not told.
protocol ReplayDefaults {
  static var policies: [String] { get }
  /// Empty where a command has none.
  static var budgets: [Budget] { get }
}

/// Which policies run.
struct PolicyOptions<Defaults: ReplayDefaults>: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Policies with parameters or grids of them, such as fasa:chunks=8,sinks=4 or fasa:chunks=4/8, or all; repeat or separate by commas. See fasa-sim policies.",
      valueName: "policy,…"),
    completion: .list(PolicyRegistry.names))
  var policy: [String] = Defaults.policies

  func choice() throws -> PolicyChoice { try PolicyChoice(parsing: policy) }
}

/// How much of the cache they may choose.
struct BudgetOptions<Defaults: ReplayDefaults>: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Token budgets: counts or shares; repeat or separate by commas.\(defaultText)", valueName: "k,…"))
  var budget: [BudgetList] = []

  private static var defaultText: String {
    Defaults.budgets.isEmpty ? "" : " (default: \(BudgetList(Defaults.budgets).defaultValueDescription))"
  }

  /// Those asked for, or else the command's own.
  var budgets: [Budget] { budget.isEmpty ? Defaults.budgets : budget.flatMap(\.budgets) }
}
