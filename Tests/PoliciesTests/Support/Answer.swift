import Attention
import Kernels
import Testing

@testable import Policies

/// What a policy chose and was charged on a small trace.
struct Answer: Equatable {
  /// `[head of the group][step]`, ascending.
  var tokens: [[[Int]]]
  var work = Work()
  /// `[head of the group][step]`, where the policy corrects its output.
  var corrections: [[OutputCorrection]]?
}

extension SmallTrace {
  /// Runs one policy, written as on the command line, in blocks of `blockSteps`.
  ///
  /// - Parameter pool: where matrices come from, with what its last user left in them.
  func answer(
    _ text: String, budget: Budget = .tokens(6), blockSteps: Int = 3, pool: BufferPool = BufferPool()
  ) throws -> Answer {
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    return try answer(configuration, budget: budget, blockSteps: blockSteps, pool: pool)
  }

  /// - Parameter shared: a block of all steps, of which others may have asked before; with as many `blockSteps`.
  func answer(
    _ configuration: PolicyConfiguration, budget: Budget, blockSteps: Int = 3,
    pool: BufferPool = BufferPool(),
    shared: ScoredBlock? = nil
  ) throws -> Answer {
    var policy = try configuration.policy(for: group, asked: budget)
    let tables = try shared?.tables ?? tables()
    if var layerPolicy = policy as? any LayerPolicy {
      try layerPolicy.begin(layer: [group])
      policy = layerPolicy
    }
    try policy.observe(prompt(tables))
    var answer = Answer(tokens: queries.map { _ in [] })
    for start in stride(from: 0, to: steps.count, by: blockSteps) {
      let block =
        try shared ?? block(start..<min(start + blockSteps, steps.count), pool: pool, tables: tables)
      let view = QueryBlock(
        block, budgets: policy.budgets(of: block.steps, asked: budget), guarded: configuration.values.guarded)
      let chosen = try policy.select(view)
      for head in queries.indices {
        for step in block.steps.indices {
          let all = Array(block.steps[step].visible)
          answer.tokens[head].append(
            chosen.map { $0[block.row(head: head, step: step)].map(Int.init) } ?? all)
        }
      }
      if let corrections = chosen?.corrections {
        if answer.corrections == nil { answer.corrections = queries.map { _ in [] } }
        for head in queries.indices {
          for step in block.steps.indices {
            answer.corrections?[head].append(corrections[block.row(head: head, step: step)])
          }
        }
      }
      answer.work.merge(view.work)
    }
    return answer
  }

  /// The best `k` visible tokens by `value`, the first `sinks` and last `recent` whatever their value;
  /// ties go to the lower token.
  func best(step: Int, _ k: Int, sinks: Int = 0, recent: Int = 0, by value: (Int) -> Int) -> [Int] {
    let visible = Array(steps[step].visible)
    var kept = Set(visible.prefix(min(sinks, k)))
    for token in visible.reversed().prefix(recent) where kept.count < k { kept.insert(token) }
    let ranked = visible.filter { !kept.contains($0) }.sorted { (value($0), $1) > (value($1), $0) }
    return (kept + ranked.prefix(k - kept.count)).sorted()
  }
}
