import Attention
import Policies

extension PolicySpace {
  /// Each policy's share of the candidates: first its defaults over the budgets, then parameters drawn at random, so
  /// that no policy is judged by its defaults alone. All of the grid where it has no more.
  public func initial(_ count: Int, seed: UInt64) -> [ReplayConfiguration] {
    if gridSize <= Double(count) { return grid }
    let streams = dimensions.indices.map { stream($0, seed: seed) }
    var result: [ReplayConfiguration] = []
    var seen: Set<ReplayConfiguration> = []
    var idle = 0
    // By turns: a small policy that has no more leaves its turns to the others.
    while result.count < count, idle < Self.patience {
      idle += 1
      for index in streams.indices where result.count < count {
        guard let candidate = streams[index](), seen.insert(candidate).inserted else { continue }
        result.append(candidate)
        idle = 0
      }
    }
    return result
  }

  /// Draws in a row that find nothing new before a space counts as used up.
  private static let patience = 50

  /// Endless draws of one policy; nil for one that cannot run.
  private func stream(_ index: Int, seed: UInt64) -> () -> ReplayConfiguration? {
    var generator = SplitMix64(seed: seed, index)
    let dimension = dimensions[index]
    var budgets = budgetSteps
    budgets.shuffle(using: &generator)
    var draws = 0
    return {
      defer { draws += 1 }
      // The defaults take every other of the first draws, at all budgets in turn.
      let isDefault = draws % 2 == 0 && draws / 2 < (dimension.base.descriptor.usesBudget ? budgets.count : 1)
      let budget = isDefault ? budgets[draws / 2 % budgets.count] : budgets[generator.below(budgets.count)]
      var values = dimension.base.values
      for axis in dimension.axes where !isDefault && generator.below(2) == 0 {
        values[axis.name] = axis.values[generator.below(axis.values.count)]
      }
      let policy = PolicyConfiguration(dimension.base.type, values: values)
      return isRunnable(policy) ? candidate(of: policy, budget: budget) : nil
    }
  }

  /// Every runnable point, policy by policy.
  var grid: [ReplayConfiguration] {
    dimensions.flatMap { dimension in
      let points = dimension.axes.reduce([dimension.base.values]) { points, axis in
        points.flatMap { point in
          axis.values.map { value in
            var next = point
            next[axis.name] = value
            return next
          }
        }
      }
      return points.map { PolicyConfiguration(dimension.base.type, values: $0) }.filter(isRunnable).flatMap {
        policy in
        (policy.descriptor.usesBudget ? budgetSteps : [1]).map { candidate(of: policy, budget: $0) }
      }
    }
  }

  /// One notch up or down each parameter, any other word of a choice, and half a notch of the budget.
  public func neighbours(of candidate: ReplayConfiguration) -> [ReplayConfiguration] {
    guard
      let dimension = dimensions.first(where: { $0.base.descriptor.name == candidate.policy.descriptor.name })
    else { return [] }
    var result: [ReplayConfiguration] = []
    if let (family, budget) = family(of: candidate) {
      for factor in [Double(2).squareRoot(), Double(0.5).squareRoot()] where budgets.contains(budget * factor)
      {
        result.append(self.candidate(of: family, budget: budget * factor))
      }
    }
    for axis in dimension.axes {
      guard let value = candidate.policy.values[axis.name], let place = axis.values.firstIndex(of: value)
      else {
        continue
      }
      let isWord = if case .word = value { true } else { false }
      for other in axis.values.indices where other != place && (isWord || abs(other - place) == 1) {
        var values = candidate.policy.values
        values[axis.name] = axis.values[other]
        let policy = PolicyConfiguration(candidate.policy.type, values: values)
        if isRunnable(policy) { result.append(ReplayConfiguration(policy: policy, budget: candidate.budget)) }
      }
    }
    return result
  }
}
