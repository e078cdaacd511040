import Attention
import Testing

@testable import Policies

@Suite struct StreamingLLMTests {
  @Test func firstFourAndTheLastOfTheBudget() throws {
    let trace = SmallTrace(positions: [2, 5, 6, 11])
    let expected = [[0, 1, 2], [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 5, 6], [0, 1, 2, 3, 10, 11]]
    #expect(try trace.answer("streaming-llm", budget: .tokens(6)).tokens == [expected, expected])
  }

  /// The query's own token has a place even where there are as many sinks as places.
  @Test(arguments: [("0", [7, 8, 9]), ("1", [0, 8, 9]), ("3", [0, 1, 9]), ("8", [0, 1, 9])])
  func sinksCountInTheBudget(sinks: String, expected: [Int]) throws {
    let trace = SmallTrace(heads: 1, positions: [9])
    #expect(try trace.answer("streaming-llm:sinks=\(sinks)", budget: .tokens(3)).tokens == [[expected]])
  }

  /// Half of 4, 5, 6, 8 tokens is 2, 2, 3, 4: sinks 1 to 3 were given up when only one fitted beside the newest.
  @Test func aGrowingBudgetDoesNotBringSinksBack() throws {
    let trace = SmallTrace(heads: 1, positions: [3, 4, 5, 7])
    let expected = [[0, 3], [0, 4], [0, 4, 5], [0, 5, 6, 7]]
    #expect(try trace.answer("streaming-llm", budget: .share(0.5)).tokens == [expected])
    #expect(try trace.answer("streaming-llm", budget: .share(0.5), blockSteps: 1).tokens == [expected])
  }

  /// The window of 8 leaves tokens 0, 1, … behind, and what follows them was never a sink.
  @Test func aSlidingWindowLeavesTheSinksBehind() throws {
    let trace = SmallTrace(heads: 1, positions: [7, 8, 9, 10], window: 8)
    let expected = [[0, 1, 5, 6, 7], [1, 5, 6, 7, 8], [5, 6, 7, 8, 9], [6, 7, 8, 9, 10]]
    #expect(try trace.answer("streaming-llm:sinks=2", budget: .tokens(5)).tokens == [expected])
  }

  @Test(
    arguments: [Budget.tokens(1), .tokens(5), .tokens(20), .share(0.1), .share(0.37), .share(0.9)],
    [.max, 16, 3])
  func aDroppedTokenNeverComesBack(budget: Budget, window: Int) throws {
    let trace = SmallTrace(heads: 1, positions: Array(4..<80), window: window)
    for sinks in [0, 2, 4, 8, 30] {
      let rows = try trace.answer("streaming-llm:sinks=\(sinks)", budget: budget, blockSteps: 7).tokens[0]
      var dropped: Set<Int> = []
      for (step, row) in zip(trace.steps, rows) {
        #expect(row.count == budget.tokens(visible: step.visible.count))
        #expect(row == Set(row).sorted() && row.allSatisfy(step.visible.contains))
        #expect(dropped.isDisjoint(with: row))
        dropped.formUnion(Set(0...step.position).subtracting(row))
      }
    }
  }

  @Test func readsNothingToChoose() throws {
    let trace = SmallTrace(positions: [9, 10])
    #expect(try trace.answer("streaming-llm").work == Work())
    let policy = try PolicyConfiguration(StreamingLLM.self).policy(for: trace.group)
    #expect(policy.residentExtraBytesPerToken() == (0, 0))
    #expect(policy.scorePass() == .none)
  }
}
