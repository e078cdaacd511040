import Attention
import Foundation
import Policies
import Traces

/// Policies, their parameters and budgets: the grid that `explore` searches.
public struct PolicySpace: SearchSpace {
  /// A budget as what it is a budget of.
  public enum Measure: String, Sendable, CaseIterable { case share, tokens }

  /// Which parameters are searched.
  public enum Varied: Sendable, Equatable {
    /// The policies' own, not those of the frame around them.
    case all
    case only([String])
  }

  struct Axis {
    let name: String
    let values: [ParameterValue]
  }

  struct Dimension {
    let base: PolicyConfiguration
    let axes: [Axis]
    var gridSize: Double { axes.reduce(1) { $0 * Double($1.values.count) } }
  }

  let dimensions: [Dimension]
  let measure: Measure
  /// Of the coarse grid, ascending: shares, or tokens.
  let budgetSteps: [Double]
  let isRunnable: (PolicyConfiguration) -> Bool

  /// - Parameters:
  ///   - policies: every policy with the values that were given for it: a parameter that is given takes those alone.
  ///   - isRunnable: leaves out what a trace cannot serve.
  /// - Throws: ``ReplayError`` where `varied` names what no policy has.
  public init(
    _ policies: [PolicyConfiguration], trace: Trace, measure: Measure, varied: Varied = .all,
    isRunnable: @escaping (PolicyConfiguration) -> Bool
  ) throws {
    let policies = policies.map { $0.canonical(trace.metadata.size(of:)) }
    let tokens = trace.metadata.tokens.total
    let ladder = ParameterLadder(
      tokens: tokens, holdsAllLayers: trace.metadata.capturedLayers.count == trace.metadata.geometry.layers)
    if case .only(let names) = varied {
      let known = Set(
        policies.flatMap { policy in
          policy.descriptor.parameters.filter { !Self.isGranularity($0, of: policy.descriptor) }.map(\.name)
        })
      if let unknown = names.first(where: { !known.contains($0) }) {
        throw ReplayError(
          "parameter '\(unknown)'", expected: "parameters of the policies searched",
          found: "none of that name",
          advice: NearestName.question(unknown, among: known.sorted())
            ?? "vary none, or choose from \(known.sorted().joined(separator: ", "))")
      }
    }
    var order: [String] = []
    for policy in policies where !order.contains(policy.descriptor.name) {
      order.append(policy.descriptor.name)
    }
    dimensions = order.compactMap { name in
      let given = policies.filter { $0.descriptor.name == name }
      return given.first.map { first in
        Dimension(
          base: first,
          axes: first.descriptor.parameters.map {
            Axis(
              name: $0.name,
              values: Self.values($0, given: given, varied: varied, ladder, in: trace.metadata))
          }.filter { axis in
            axis.values.count > 1 || !first.descriptor.frame.contains { $0.name == axis.name }
          })
      }
    }
    self.measure = measure
    let shares = stride(from: -8.0, through: -1, by: 1).map { exp2($0) }
    budgetSteps =
      measure == .share ? shares : shares.map { ($0 * Double(tokens)).rounded() }.filter { $0 >= 1 }
    self.isRunnable = isRunnable
  }

  /// Each behaviour once, by its one value.
  private static func values(
    _ parameter: ParameterDescriptor, given: [PolicyConfiguration], varied: Varied, _ ladder: ParameterLadder,
    in trace: TraceMetadata
  ) -> [ParameterValue] {
    var seen: Set<ParameterValue> = []
    return values(parameter, given: given, varied: varied, ladder)
      .map { parameter.canonical($0, trace.size(of:)) }.filter { seen.insert($0).inserted }
  }

  private static func values(
    _ parameter: ParameterDescriptor, given: [PolicyConfiguration], varied: Varied, _ ladder: ParameterLadder
  ) -> [ParameterValue] {
    var own: [ParameterValue] = []
    for value in given.compactMap({ $0.values[parameter.name] }) where !own.contains(value) {
      own.append(value)
    }
    guard own == [parameter.defaultValue], let descriptor = given.first?.descriptor else { return own }
    let isVaried =
      switch varied {
      case .all: !descriptor.frame.contains { $0.name == parameter.name }
      case .only(let names): names.contains(parameter.name) && !isGranularity(parameter, of: descriptor)
      }
    // A policy's own `scope` has words of the frame, too.
    let words = descriptor.ranks.layerScopes.map(ParameterValue.word)
    return isVaried ? ladder.values(parameter).filter { !words.contains($0) } : own
  }

  /// Whether the frame around a policy chooses coarser or later by it: searched among the values that are given alone, since a
  /// page policy's own `page` is of the same name.
  private static func isGranularity(_ parameter: ParameterDescriptor, of descriptor: PolicyDescriptor) -> Bool
  {
    descriptor.frame.contains { $0.name == parameter.name }
      && !ParameterDescriptor.ofTheCache.contains { $0.name == parameter.name }
  }

  public var gridSize: Double {
    dimensions.reduce(0) {
      $0 + $1.gridSize * ($1.base.descriptor.usesBudget ? Double(budgetSteps.count) : 1)
    }
  }

  /// Budgets of the coarse grid, ascending.
  public var coarseBudgets: [Budget] {
    budgetSteps.map { measure == .share ? .share(ParameterLadder.rounded($0)) : .tokens(Int($0)) }
  }

  public var policies: Int { dimensions.count }

  /// Down to a quarter of the smallest step and up to nearly all: bisection may leave the coarse grid.
  public var budgets: ClosedRange<Double> {
    let (low, high) = (budgetSteps.first ?? 1, budgetSteps.last ?? 1)
    return (measure == .share ? low / 4 : max(1, low / 4))...(high * 1.8)
  }

  public func family(of candidate: ReplayConfiguration) -> (family: PolicyConfiguration, budget: Double)? {
    switch candidate.budget {
    case .share(let share): (candidate.policy, share)
    case .tokens(let count): (candidate.policy, Double(count))
    case nil: nil
    }
  }

  public func candidate(of family: PolicyConfiguration, budget: Double) -> ReplayConfiguration {
    ReplayConfiguration(
      policy: family,
      budget: measure == .share
        ? .share(ParameterLadder.rounded(budget)) : .tokens(max(1, Int(budget.rounded()))))
  }
}
