import Policies
import Simulator
import Traces

/// A trace, with what will run on it and how.
public struct PreparedReplay {
  public let trace: Trace
  public let options: ReplayOptions
  /// Those that the trace can serve.
  public let policies: [PolicyConfiguration]
  public let budgets: BudgetChoice
  /// Says whether the trace serves a policy with other parameters, too.
  let fitness: Runnability
  let leftOut: [LeftOut]

  /// What was left out, a sentence each.
  public var notes: [String] { leftOut.map(\.note) }

  /// The policies at their budgets, and what the user should know of how they were found.
  ///
  /// - Throws: `ReplayError` where there are too many, or none is left.
  func grid() throws -> (configurations: [ReplayConfiguration], notes: [String], leftOut: [LeftOut]) {
    switch budgets {
    case .tokens(let budgets):
      return (try ReplayConfiguration.grid(policies, budgets: budgets), notes, leftOut)
    case .bytes(let shares, let reading):
      let found = try BytesGrid(prepared: self, shares: shares, reading: reading)
      guard !found.configurations.isEmpty else {
        throw Self.nothing(on: trace, notes + found.leftOut.map(\.note))
      }
      return (found.configurations, notes + found.notes, leftOut + found.leftOut)
    }
  }

  /// The only configuration.
  ///
  /// - Throws: `ReplayError` where there are more, or none.
  func single() throws -> ReplayConfiguration {
    let found = try grid().configurations
    guard let first = found.first, found.count == 1 else {
      throw ReplayError(
        trace.path, expected: "one policy at one budget", found: "\(found.count)", advice: "name one of them")
    }
    return first
  }

  /// Everything was left out.
  static func nothing(on trace: Trace, _ leftOut: [String]) -> ReplayError {
    ReplayError(
      trace.path, expected: "a policy that can run on it", found: (["none"] + leftOut).joined(separator: "; ")
    )
  }
}
