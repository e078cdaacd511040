import Attention

/// k tokens drawn evenly, seeded by the run's seed and the query's place: what any method must beat.
public struct Random: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "random", summary: "Keeps k tokens drawn evenly at random, seeded.", kind: .bound,
    ranks: .nothing, cost: "nothing")

  private let group: GroupContext
  private let guarded: Guard

  public init(parameters: ParameterValues, group: GroupContext) {
    self.group = group
    guarded = parameters.guarded
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    var result = Selections()
    for head in group.queryHeads {
      for (step, k) in zip(block.steps, block.budgets) {
        let (sinks, middle, recent) = guarded.split(step.visible, budget: k)
        var generator = SplitMix64(seed: group.seed, group.layer, head, step.position)
        let drawn = generator.sample(k - sinks.count - recent.count, of: middle)
        result.appendRow(count: k) { out in
          for (i, token) in sinks.enumerated() { out[i] = Int32(token) }
          for (i, token) in drawn.enumerated() { out[sinks.count + i] = Int32(token) }
          for (i, token) in recent.enumerated() { out[sinks.count + drawn.count + i] = Int32(token) }
        }
      }
    }
    return result
  }
}
