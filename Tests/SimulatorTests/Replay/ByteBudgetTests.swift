import Attention
import Policies
import Testing

@testable import Simulator
@testable import Traces

/// Budgets at equal bytes.
@Suite struct ByteBudgetTests {
  static func trace(in folder: TemporaryFolder) throws -> Trace {
    try SyntheticTrace(prompt: 300, decode: 8, window: 10, seed: 2).write(to: folder.path("a.zst"))
    return try Trace(path: folder.path("a.zst"))
  }

  @Test(arguments: Reading.allCases, [0.3, 0.45])
  func theLargestBudgetThatFits(reading: Reading, share: Double) throws {
    let folder = try TemporaryFolder()
    let trace = try Self.trace(in: folder)
    let policies = try PolicyGrammar.parse([
      "streaming-llm,quest:dense-layers=0,sparq:channels=4,h2o,tova,oracle,dense"
    ])
    let found = try ByteBudget(trace, options: ReplayOptions(), reading: reading).find(policies, share: share)
    #expect(found.map(\.policy) == policies)
    func spent(_ policy: PolicyConfiguration, _ tokens: Int) throws -> Double {
      let result = try Replay(trace).run(
        [ReplayConfiguration(policy: policy, budget: .tokens(tokens))], options: ReplayOptions())
      func total(_ traffic: [GroupWork]) -> Int {
        traffic.reduce(0) {
          $0 + (reading == .perHead ? $1.work.total.perHead : $1.work.total.groupUnion)
        }
      }
      return Double(total(result.configurations[0].traffic)) / Double(total(result.dense))
    }
    for finding in found.prefix(5) {
      let tokens = try #require(finding.tokens, "\(finding.policy.label)")
      #expect(try spent(finding.policy, tokens) == finding.share && finding.share <= share)
      #expect(try spent(finding.policy, tokens + 1) > share * 0.997, "\(finding.policy.label) \(tokens)")
    }
    // The oracle reads every key: half of dense attention's bytes and more, however few its tokens.
    #expect(found[5].tokens == nil && found[6].tokens == nil)
  }

  /// Sinks and a window of k rows of 2 · 2 · 32 bytes, and the new token written: k + 1 of 301 to 308 rows a head and step.
  @Test func byHand() throws {
    let folder = try TemporaryFolder()
    let found = try ByteBudget(Self.trace(in: folder), options: ReplayOptions(), reading: .perHead).find(
      PolicyGrammar.parse(["streaming-llm"]), share: 0.5)
    // Per KV head 3 query heads read k rows each, and one row is written: (3k + 1) / (3 · 304.5 + 1) ≤ 0.5.
    #expect(found[0].tokens == 152)
  }
}
