import Kernels
import Testing

@testable import Policies

/// What holds for every policy that there is.
@Suite struct PolicyPropertyTests {
  static let texts =
    PolicyRegistry.names + [
      "fasa:scope=group", "fasa:layout=rows", "oracle:sinks=2,recent=2", "random:recent=3",
    ]

  static func trace(window: Int = .max) -> SmallTrace {
    var trace = SmallTrace(heads: 3, positions: [2, 9, 10, 25, 26, 40], window: window)
    trace.agreement = SmallTrace.agreement(layer: trace.layer, chunks: 4, slices: .rope, pairing: .half)
    return trace
  }

  @Test(arguments: texts, [Int.max, 12]) func keysOfTheFutureChangeNothing(text: String, window: Int) throws {
    let trace = Self.trace(window: window)
    let expected = try trace.answer(text)
    for step in trace.steps.indices {
      var changed = trace
      for token in trace.keys.indices where token > trace.steps[step].position {
        changed.keys[token] = changed.keys[token].map { _ in 1000 }
      }
      let answer = try changed.answer(text)
      #expect(answer.tokens.map { $0[step] } == expected.tokens.map { $0[step] })
    }
  }

  @Test(arguments: texts, [Int.max, 12]) func setsAreAscendingAndVisible(text: String, window: Int) throws {
    let trace = Self.trace(window: window)
    for head in try trace.answer(text).tokens {
      for (step, tokens) in zip(trace.steps, head) {
        #expect(tokens == Set(tokens).sorted() && !tokens.isEmpty)
        #expect(tokens.allSatisfy(step.visible.contains))
      }
    }
  }

  @Test(arguments: texts, [Budget.tokens(1), .tokens(7), .tokens(1000), .share(0.31)])
  func budgetsAreKeptToTheToken(text: String, budget: Budget) throws {
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    let trace = Self.trace()
    for head in try trace.answer(text, budget: budget).tokens where configuration.descriptor.usesBudget {
      #expect(head.map(\.count) == budget.tokens(of: trace.steps))
    }
  }

  /// Matrices start with what their last user left: no policy may read a score that it did not compute.
  @Test(arguments: texts, [Float.nan, .infinity, 1e30])
  func whatMatricesHeldBeforeChangesNothing(text: String, left: Float) throws {
    for window in [Int.max, 12] {
      let trace = Self.trace(window: window)
      let pool = BufferPool()
      let rows = trace.queries.count * trace.steps.count
      for _ in 0..<8 {
        let buffer = FloatBuffer(count: ScoreMatrix(rows: rows, tokens: 41).storage.count)
        buffer.pointer.update(repeating: left, count: buffer.count)
        pool.giveBack(buffer)
      }
      let expected = try trace.answer(text, blockSteps: 100)
      #expect(try trace.answer(text, blockSteps: 100, pool: pool) == expected)
    }
  }

  @Test(arguments: texts) func choicesDoNotDependOnTheBlocks(text: String) throws {
    let trace = Self.trace()
    let expected = try trace.answer(text, blockSteps: 100)
    for blockSteps in [1, 2, 5] { #expect(try trace.answer(text, blockSteps: blockSteps) == expected) }
  }
}
