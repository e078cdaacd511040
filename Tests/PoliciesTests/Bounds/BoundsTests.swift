import Attention
import Testing

@testable import Policies

/// Dense, oracle and random.
@Suite struct BoundsTests {
  static let trace = SmallTrace(heads: 3, positions: [0, 1, 5, 9, 20, 21, 40])
  static let windowed = SmallTrace(heads: 2, positions: [3, 9, 20, 21, 40], window: 12, seed: 5)

  @Test func denseIsEverythingAtTheSizeOfEverything() throws {
    let answer = try Self.windowed.answer("dense", budget: .tokens(1))
    #expect(answer.tokens == Self.windowed.queries.map { _ in Self.windowed.steps.map { Array($0.visible) } })
    #expect(answer.work == Work())
    let policy = try PolicyConfiguration(Dense.self).policy(for: Self.windowed.group)
    #expect(policy.budgets(of: Self.windowed.steps, asked: .tokens(1)) == [4, 10, 12, 12, 12])
  }

  @Test(
    arguments: [Budget.tokens(1), .tokens(6), .share(0.3), .share(1)],
    [(0, 0), (2, 0), (0, 3), (2, 3), (9, 9)])
  func oracleKeepsTheBest(budget: Budget, guarded: (sinks: Int, recent: Int)) throws {
    for trace in [Self.trace, Self.windowed] {
      let text = "oracle:sinks=\(guarded.sinks),recent=\(guarded.recent)"
      let answer = try trace.answer(text, budget: budget)
      for head in trace.queries.indices {
        for (step, k) in budget.tokens(of: trace.steps).enumerated() {
          let expected = trace.best(step: step, k, sinks: guarded.sinks, recent: guarded.recent) {
            trace.score(head: head, step: step, token: $0)
          }
          #expect(answer.tokens[head][step] == expected)
        }
      }
    }
  }

  @Test func oraclesTiesGoToTheLowerToken() throws {
    var trace = SmallTrace(heads: 1, positions: [9])
    trace.keys = trace.keys.map { _ in [Int](repeating: 1, count: 8) }
    #expect(try trace.answer("oracle", budget: .tokens(3)).tokens == [[[0, 1, 2]]])
    #expect(try trace.answer("oracle:recent=1", budget: .tokens(3)).tokens == [[[0, 1, 9]]])
  }

  @Test func randomKeepsItsBudgetAndGuards() throws {
    let answer = try Self.windowed.answer("random:sinks=2,recent=3", budget: .tokens(7))
    for tokens in answer.tokens {
      for (step, row) in zip(Self.windowed.steps, tokens) {
        #expect(row.count == min(7, step.visible.count))
        #expect(row == Set(row).sorted() && row.allSatisfy(step.visible.contains))
        #expect(Set(step.visible.prefix(2)).union(step.visible.suffix(3)).isSubset(of: row))
      }
    }
    #expect(answer.work == Work())
  }

  /// The draw depends on the place of the query and the seed, and on nothing else.
  @Test func randomDependsOnSeedLayerHeadAndPosition() throws {
    let positions = [60, 60, 61]
    let trace = SmallTrace(heads: 2, positions: positions)
    let answer = try trace.answer("random", budget: .tokens(20))
    #expect(try trace.answer("random", budget: .tokens(20), blockSteps: 1) == answer)
    #expect(
      try SmallTrace(heads: 2, positions: positions, seed: 9).answer("random", budget: .tokens(20)) == answer)
    #expect(answer.tokens[0][0] == answer.tokens[0][1])
    #expect(answer.tokens[0][0] != answer.tokens[0][2])
    #expect(answer.tokens[0][0] != answer.tokens[1][0])
    var other = trace
    other.seed += 1
    #expect(try other.answer("random", budget: .tokens(20)).tokens[0][0] != answer.tokens[0][0])
    other = trace
    other.layer += 1
    #expect(try other.answer("random", budget: .tokens(20)).tokens[0][0] != answer.tokens[0][0])
    // The same query head in a group that begins elsewhere.
    other = trace
    other.queryHeads = 3..<5
    #expect(try other.answer("random", budget: .tokens(20)).tokens[1] == answer.tokens[0])
  }
}
