import Attention
import Testing

@testable import Policies

@Suite struct ScoredTests {
  static let heads = 2
  static let channels = 3

  /// A trace with an indexer of small integers, so that every score is exact, and a score of each token.
  static func trace(isWeighted: Bool, seed: UInt64 = 1) -> SmallTrace {
    var trace = SmallTrace(heads: 3, positions: [6, 20, 21, 47], seed: seed)
    trace.given.index = index(trace, heads: isWeighted ? heads : 1, isWeighted: isWeighted, seed: seed)
    var random = SeededRandom(seed + 80)
    trace.given.tokens = random.small(count: trace.keys.count).map(Float.init)
    return trace
  }

  static func index(_ trace: SmallTrace, heads: Int, isWeighted: Bool, seed: UInt64 = 1) -> IndexVectors {
    var random = SeededRandom(seed + 70)
    func row(_ count: Int) -> [Float] { random.small(count: count).map(Float.init) }
    let positions = trace.steps.map(\.position)
    return IndexVectors(
      channels: channels, keys: row(trace.keys.count * channels),
      queries: (0..<heads).map { _ in row(positions.count * channels) },
      weights: isWeighted ? (0..<heads).map { _ in row(positions.count) } : nil, positions: positions)
  }

  /// Σ w · ReLU(q · k), or q · k, in double precision.
  static func score(_ index: IndexVectors, step: Int, token: Int) -> Double {
    let products = index.queries.map { queries in
      (0..<channels).reduce(0.0) {
        $0 + Double(queries[step * channels + $1]) * Double(index.keys[token * channels + $1])
      }
    }
    guard let weights = index.weights else { return products[0] }
    return zip(products, weights).reduce(0.0) { $0 + Double($1.1[step]) * max(0, $1.0) }
  }

  @Test(arguments: [true, false], [1, 7, 16]) func theIndexersBestAreKept(isWeighted: Bool, k: Int) throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      let trace = Self.trace(isWeighted: isWeighted, seed: seed)
      let index = try #require(trace.given.index)
      let answer = try trace.answer("scored", budget: .tokens(k))
      for (place, step) in trace.steps.enumerated() {
        // Of equals the earlier one.
        let best = step.visible.sorted {
          let (a, b) = (Self.score(index, step: place, token: $0), Self.score(index, step: place, token: $1))
          return (a, $1) > (b, $0)
        }
        for head in trace.queries.indices {
          #expect(answer.tokens[head][place] == best.prefix(k).sorted(), "\(seed) \(head) \(place)")
        }
      }
    }
  }

  @Test func aScoreOfEachTokenRanksAndNothingIsRead() throws {
    let trace = Self.trace(isWeighted: true)
    let scores = try #require(trace.given.tokens)
    let answer = try trace.answer("scored:by=token,sinks=1,recent=1", budget: .tokens(6))
    for (place, step) in trace.steps.enumerated() {
      let middle = step.visible.dropFirst().dropLast().sorted { (scores[$0], $1) > (scores[$1], $0) }
      let expected = [0, step.position] + middle.prefix(4)
      for tokens in answer.tokens.map({ $0[place] }) { #expect(tokens == expected.sorted()) }
    }
    #expect(answer.work.total.readGroupUnion == 0)
  }

  /// A KV head has its share of a layer's pass over the index keys, in whichever reading.
  @Test func aLayersIndexKeysAreReadOnce() throws {
    let trace = Self.trace(isWeighted: true)
    let seen = trace.steps.reduce(0) { $0 + ($1.position + 1 > 6 ? $1.visible.count : 0) }
    let answer = try trace.answer("scored", budget: .tokens(6))
    // Keys of 3 numbers of 2 bytes and a score of 4, written and read.
    #expect(answer.work.total.readGroupUnion == seen * 6 + seen * 4)
    #expect(answer.work.total.readPerHead == answer.work.total.readGroupUnion)
  }

  @Test(arguments: ["scored", "scored:by=token"]) func whatIsNotThereIsSaid(text: String) throws {
    let trace = SmallTrace(positions: [20, 21])
    #expect(throws: PolicyError.self) { try trace.answer(text) }
  }

  @Test func noLagHoldsItsQueriesBack() {
    #expect(throws: PolicyError.self) { try PolicyGrammar.parse(["scored:lag=1"]) }
  }
}
