import Attention
import Testing

@testable import Policies

@Suite struct CriticalKVTests {
  /// Distinct norms that order tokens otherwise than votes do, `[head][token]`.
  static func norms(_ trace: SmallTrace) -> [[Float]] {
    trace.queries.indices.map { head in
      trace.keys.indices.map { Float(1 + ($0 * 37 + head * 11) % 41) }
    }
  }

  /// Worth of each token by the definition: half of k by votes, the window among it, the rest by votes times norms.
  static func worth(_ votes: [Double], norms: [Double], window: Int, first: Int) -> [Double] {
    let all = votes.indices.sorted { (votes[$0], $1) > (votes[$1], $0) }
    let certain = Set(all.prefix(max(0, first - window)))
    return votes.indices.map { certain.contains($0) ? 1e6 + votes[$0] : (votes[$0] + 1e-4) * norms[$0] }
  }

  @Test(arguments: [(2, 0.5), (4, 0.0), (4, 1.0), (6, 0.75)], [6, 11])
  func halfByVotesAndHalfByProjectedValues(shape: (window: Int, first: Double), k: Int) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      var trace = SmallTrace(heads: 3, positions: [20, 21, 25, 40], seed: seed).complete(
        prompt: 20, window: 6)
      let norms = Self.norms(trace)
      trace.given.valueNorms = norms
      let naive = NaiveEviction(trace: trace)
      func sets(_ heads: [Int]) -> [[Int]] {
        let values = naive.snapValues(heads: heads, window: shape.window, kernel: 3, isMax: true)
        let start = trace.promptTokens - shape.window
        let mean = (0..<start).map { token in
          heads.reduce(0.0) { $0 + Double(norms[$1][token]) } / Double(heads.count)
        }
        let worth = Self.worth(
          Array(values[..<start]), norms: mean, window: shape.window, first: Int(Double(k) * shape.first))
        // What is later than the window's start is above all.
        return naive.sets(trace.steps.map { _ in k }) { token, _ in
          token < start ? worth[token] : 1e9 + Double(token)
        }
      }
      let text = "criticalkv:window=\(shape.window),kernel=3,first-share=\(shape.first)"
      let found = try trace.answer(text, budget: .tokens(k)).tokens
      #expect(found == [sets([0]), sets([1]), sets([2])])
      let group = sets([0, 1, 2])
      let shared = try trace.answer(text + ",scope=group", budget: .tokens(k)).tokens
      #expect(shared == [group, group, group])
    }
  }

  /// By the value alone, whose L1 norm the trace always holds.
  @Test func withoutProjectionTheValuesOwnNormCounts() throws {
    let trace = SmallTrace(heads: 2, positions: [20, 21, 25, 40], seed: 4).complete(prompt: 20, window: 6)
    var given = trace
    let own = trace.values.map { Float($0.reduce(0) { $0 + abs($1) }) }
    given.given.valueNorms = [own, own]
    let expected = try given.answer("criticalkv:window=4", budget: .tokens(9)).tokens
    #expect(try trace.answer("criticalkv:window=4,norm=value", budget: .tokens(9)).tokens == expected)
    let snap = try trace.answer("snapkv:window=4", budget: .tokens(9)).tokens
    #expect(expected != snap)
    #expect(try given.answer("criticalkv:window=4,first-share=1", budget: .tokens(9)).tokens == snap)
  }

  @Test func itSaysWhatItLacks() throws {
    let trace = SmallTrace(positions: [20, 21]).complete(prompt: 20)
    let error = #expect(throws: PolicyError.self) { try trace.answer("criticalkv") }
    #expect("\(try #require(error))".contains("norm=value"))
  }
}
