import Testing

@testable import Policies

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct OracleMassTests {
  @Test(arguments: [0.01, 0.3, 0.5, 0.9, 0.95, 0.999], [nil, Float(2)])
  func isTheSmallestSetThatReachesTheMass(share: Double, cap: Float?) throws {
    var trace = SmallTrace(heads: 2, positions: [0, 7, 30, 400], window: 350)
    trace.logitSoftcap = cap
    let answer = try trace.answer("oracle-mass:p=\(share)")
    for head in trace.queries.indices {
      for (step, tokens) in answer.tokens[head].enumerated() {
        #expect(tokens == Self.smallestSet(trace, head, step, share))
      }
    }
  }

  /// Ten equal weights: nine of them and a half are reached by ten, five by the first five.
  @Test(arguments: [("0.95", 10), ("0.5", 5), ("0.51", 6), ("0.01", 1), ("1", 10)])
  func equalWeightsGoToTheLowerTokens(share: String, count: Int) throws {
    var trace = SmallTrace(heads: 1, positions: [9])
    trace.keys = trace.keys.map { _ in [Int](repeating: 1, count: 8) }
    #expect(try trace.answer("oracle-mass:p=\(share)").tokens == [[Array(0..<count)]])
  }

  @Test func takesItsOwnSizeWhateverTheBudget() throws {
    let trace = SmallTrace(positions: [30, 31])
    #expect(
      try trace.answer("oracle-mass", budget: .tokens(1)) == trace.answer("oracle-mass", budget: .share(0.9)))
  }

  private static func smallestSet(_ trace: SmallTrace, _ head: Int, _ step: Int, _ share: Double) -> [Int] {
    let visible = Array(trace.steps[step].visible)
    let scores = visible.map { trace.score(head: head, step: step, token: $0) }
    let weights = scores.map { score -> Double in
      let logit = Double(score) * Double(trace.scale)
      return exp(trace.logitSoftcap.map { Double($0) * tanh(logit / Double($0)) } ?? logit)
    }
    let goal = weights.reduce(0, +) * share
    var (chosen, mass): ([Int], Double) = ([], 0)
    for i in visible.indices.sorted(by: { (scores[$0], $1) > (scores[$1], $0) }) where mass < goal {
      chosen.append(visible[i])
      mass += weights[i]
    }
    return chosen.sorted()
  }
}
