import Attention
import Testing

@testable import Policies

/// Policies leave for each other, in a block and in a group's tables, what they made of them.
@Suite struct SharedAnswersTests {
  /// Beside one of each those that differ in what might be mistaken for another's.
  static let texts =
    PolicyPropertyTests.texts + [
      "socket:bits=3,tables=8,scores=single", "socket:bits=3,tables=8,tau=0.2",
      "socket:bits=3,tables=8,divisor=one", "socket:bits=3,tables=9",
      "magicpig:bits=3,tables=9,sinks=1,recent=2",
      "r-kv:window=3,buffer=4", "cake:window=4", "gist:cluster=2,sinks=1,recent=2",
      "gist:cluster=3,sinks=1,recent=3", "gist:cluster=3,sinks=1,recent=2,spread=0.5",
    ]

  @Test(arguments: [false, true]) func whatOthersLeftChangesNothing(isReversed: Bool) throws {
    let trace = PolicyPropertyTests.trace()
    let shared = try trace.block()
    let texts = isReversed ? Self.texts.reversed() : Self.texts
    for budget in [Budget.tokens(6), .tokens(9)] {
      for text in texts {
        let configuration = try #require(PolicyGrammar.parse([text]).first)
        let alone = try trace.answer(configuration, budget: budget, blockSteps: 100)
        let beside = try trace.answer(configuration, budget: budget, blockSteps: 100, shared: shared)
        #expect(beside == alone, "\(text) at \(budget)")
      }
    }
  }
}
