import Attention
import Testing

@testable import Policies

@Suite struct MoBATests {
  /// Mean of what a step sees of a chunk; one that a sliding window cuts has the mean of all its keys.
  static func gate(_ trace: SmallTrace, _ head: Int, _ step: Int, _ chunk: Range<Int>) -> Double {
    dot(trace.query(head, step), mean(chunk.map(trace.key)))
  }

  @Test(
    arguments: [1, 4, 7], [Budget.tokens(1), .tokens(6), .tokens(14), .tokens(28), .share(0.5)])
  func keepsItsOwnChunkAndTheBestMeans(size: Int, budget: Budget) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      for window in [Int.max, 21] {
        let trace = SmallTrace(heads: 3, positions: [0, 5, 20, 21, 47, 60], window: window, seed: seed)
        for (scope, least) in [("head", 0), ("head", 1), ("group", 2)] {
          let answer = try trace.answer(
            "moba:chunk=\(size),scope=\(scope),least-chunks=\(least)", budget: budget)
          for head in trace.queries.indices {
            for (index, step) in trace.steps.enumerated() {
              let tokens = answer.tokens[head][index]
              let k = budget.tokens(visible: step.visible.count)
              guard k < step.visible.count else {
                #expect(tokens == Array(step.visible))
                continue
              }
              let chunks = trace.pages(step: index, size: size)
              let own = try #require(chunks.last).clamped(to: step.visible)
              let others = chunks.dropLast().filter { $0.overlaps(step.visible) }
              // The newest of the own chunk where k cannot hold it.
              #expect(Set(tokens).isSuperset(of: own.suffix(k)) && tokens.count <= k)
              let left = k - min(k, own.count)
              let count = min(others.count, max(left / size, least))
              let taken = others.filter { !Set(tokens).isDisjoint(with: $0) }
              // What does not fit is cut.
              let mayBeCut = count * size > left
              #expect(mayBeCut ? taken.count <= count : taken.count == count)
              if !mayBeCut {
                let whole = taken.flatMap { Array($0.clamped(to: step.visible)) } + Array(own.suffix(k))
                #expect(tokens == whole.sorted())
              }
              // Gates of whole chunks are multiples of a share of 1 / size.
              let voters = scope == "group" ? Array(trace.queries.indices) : [head]
              #expect(
                areBest(taken, of: others, tolerance: 1e-2) { chunk in
                  voters.reduce(0) { $0 + Self.gate(trace, $1, index, chunk) }
                }, "\(size) \(budget) \(scope) \(least) \(head) \(index)")
            }
          }
        }
      }
    }
  }

  /// Worked out from the authors' code: chunks of 2 with means 2, 0.5 and 2.5, and an own one of a token. A k of t chunks is
  /// their top-k of t.
  @Test(arguments: [(1, [6]), (2, [4, 5, 6]), (3, [0, 1, 4, 5, 6]), (4, Array(0..<7))])
  func aBudgetOfChunksIsTheAuthorsTopK(count: Int, expected: [Int]) throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [6])
    trace.keys = [1, 3, 0, 1, 5, 0, 2].map { [$0, 0] } + Array(repeating: [99, 0], count: 5)
    trace.queries = [[[1, 0]]]
    #expect(
      try trace.answer("moba:chunk=2,least-chunks=0", budget: .tokens(2 * count)).tokens == [[expected]])
    // One of the others at least, cut.
    #expect(try trace.answer("moba:chunk=2", budget: .tokens(2)).tokens == [[[4, 6]]])
  }

  /// Equal gates: the lower chunk.
  @Test func tiesGoToTheLowerChunk() throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [6])
    trace.keys = Array(repeating: [1, 0], count: 12)
    trace.queries = [[[1, 0]]]
    #expect(try trace.answer("moba:chunk=2", budget: .tokens(5)).tokens == [[[0, 1, 2, 3, 6]]])
  }

  /// Two heads, 8 channels of 2 bytes, steps that see 5 and 6 tokens: 2 and 2 chunks of 4.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [4, 5])
    #expect(
      try trace.answer("moba:chunk=4", budget: .tokens(4)).work.bytes == [
        .init(.metadata, .stream): TrafficBytes(
          readPerHead: 4 * 16 * 2, readGroupUnion: 4 * 16, written: 2 * 16),
        .init(.scores, .stream): TrafficBytes(
          readPerHead: 4 * 4 * 2, readGroupUnion: 4 * 4 * 2, written: 4 * 4 * 2),
      ])
    let configuration = try #require(PolicyGrammar.parse(["moba:chunk=4"]).first)
    let policy = try configuration.policy(for: trace.group)
    #expect(policy.residentExtraBytes(tokens: 33) == (9 * 16, 0))
    #expect(policy.pieceTokens(of: trace.steps[0], budget: 4) == 4)
  }
}
