import Testing

@testable import Policies

/// Evictors that look at keys: KNorm, KeyDiff, R-KV, Expected Attention, TriAttention, DuoAttention.
@Suite struct KeyEvictorsTests {
  static let trace = AttentionEvictorsTests.trace()
  static let budgets = AttentionEvictorsTests.budgets

  @Test(arguments: budgets) func kNormDropsTheLongestKeys(budget: Budget) throws {
    let trace = Self.trace
    let naive = NaiveEviction(trace: trace, sinks: 1, recent: 2)
    let expected = naive.sets(budget.tokens(of: trace.steps)) { token, _ in
      -Double(trace.keys[token].reduce(0) { $0 + $1 * $1 })
    }
    #expect(
      try trace.answer("knorm:sinks=1,recent=2", budget: budget).tokens == [expected, expected, expected])
  }

  @Test(arguments: budgets) func keyDiffDropsTheKeyMostLikeTheMean(budget: Budget) throws {
    let expected = NaiveEviction(trace: Self.trace).keyDiff(budget.tokens(of: Self.trace.steps))
    #expect(try Self.trace.answer("keydiff", budget: budget).tokens == [expected, expected, expected])
  }

  /// Three keys alike and one apart: one of the three goes, the later one.
  @Test func keyDiffByHand() throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [4])
    trace.keys = [[2, 0], [0, 3], [5, 0], [1, 0], [1, 1], [0, 0]]
    #expect(try trace.answer("keydiff", budget: .tokens(4)).tokens == [[[0, 1, 2, 4]]])
  }

  /// Whether what is kept at the first step are the tokens of highest value.
  private func expectBest(
    _ text: String, _ trace: SmallTrace, k: Int, always: Set<Int>, tolerance: Double = 1e-5,
    value: (Int) -> Double
  ) throws {
    let kept = try trace.answer(text, budget: .tokens(k)).tokens[0][0]
    #expect(kept.count == k)
    #expect(always.isSubset(of: kept))
    let judged = trace.steps[0].visible.filter { !always.contains($0) }
    let isBest = areBest(kept.filter { !always.contains($0) }, of: judged, tolerance: tolerance, by: value)
    #expect(isBest, "\(text)")
  }

  @Test(arguments: [0.0, 0.1, 0.7, 1.0], [1, 5]) func rKVWeighsImportanceAgainstLikeness(
    lambda: Double, kernel: Int
  ) throws {
    let trace = Self.trace
    let seen = Array(0...20)
    let directions = seen.map { token in trace.key(token).map { $0 / max(length(trace.key(token)), 1e-30) } }
    let centre = sum(directions)
    let cosines = directions.map { (dot($0, centre) - dot($0, $0)) / Double(seen.count) }
    let largest = cosines.max() ?? 0
    let weights = cosines.map { exponential($0 - largest) }
    let importance = seen.map { token in
      (2..<6).reduce(0.0) { sum, query in
        sum + (0..<3).reduce(0.0) { $0 + (trace.windowAttention(head: $1, query)[token] ?? 0) / 12 }
      }
    }
    try expectBest(
      "r-kv:lambda=\(lambda),window=4,kernel=\(kernel)", trace, k: 11, always: [17, 18, 19, 20],
      tolerance: 1e-6
    ) { token in
      let near = seen.filter { abs($0 - token) <= kernel / 2 }.map { importance[$0] }.max() ?? 0
      return lambda * near - (1 - lambda) * weights[token] / weights.reduce(0, +)
    }
  }

  @Test(arguments: [1, 16]) func expectedAttentionLooksAhead(future: Int) throws {
    let trace = Self.trace
    // Mean rotation as a matrix over channels, applied to mean and covariance.
    let units = (0..<8).map { c in (0..<8).map { $0 == c ? 1.0 : 0.0 } }
    let turns = units.map { unit in mean((20..<20 + future).map { trace.turned(unit, by: $0) }) }
    func turn(_ vector: [Double]) -> [Double] {
      sum(zip(vector, turns).map { factor, row in row.map { $0 * factor } })
    }
    let scale = Double(trace.scale)
    var attention = Array(repeating: 0.0, count: 20)
    for head in 0..<3 {
      let queries = trace.windowPositions.indices.map {
        trace.turned(trace.windowQueries[head][$0].map(Double.init), by: -trace.windowPositions[$0])
      }
      let centre = mean(queries)
      let logits = (0..<20).map { token -> Double in
        let key = trace.key(token)
        // kᵀ R Σ Rᵀ k is the mean of (k · R (q − μ))².
        let squares = queries.map { q in dot(key, turn(zip(q, centre).map { $0 - $1 })) }.map { $0 * $0 }
        return dot(key, turn(centre)) * scale + squares.reduce(0, +) / Double(squares.count) * scale * scale
          / 2
      }
      let largest = logits.max() ?? 0
      let weights = logits.map { exponential($0 - largest) }
      for token in 0..<20 { attention[token] += weights[token] / weights.reduce(0, +) / 3 }
    }
    try expectBest("expected-attention:future=\(future),sinks=2", trace, k: 10, always: [0, 1, 20]) { token in
      attention[token] * length(trace.values[token].map(Double.init))
    }
  }

  @Test(arguments: [1, 16, 65_536]) func triAttentionFollowsTheCentres(farthest: Int) throws {
    let trace = Self.trace
    let layer = try #require(trace.statistics?[trace.layer])
    let offsets = (0..<17).map { 1 << $0 }.filter { $0 <= farthest }
    let heads = trace.queryHeads.map { head -> [Double] in
      let centre = layer.queryCentres[head].map(Double.init)
      return (0...20).map { token in
        let key = trace.turned(trace.key(token), by: -token)
        // The centre at each coming position against the rotated key.
        let products = offsets.map { dot(trace.turned(centre, by: 20 + $0), trace.key(token)) }
        var score = products.reduce(0, +) / Double(products.count)
        for chunk in 0..<4 {
          let part = { (v: [Double]) in length([v[chunk], v[chunk + 4]]) }
          score += (Double(layer.queryNorms[head][chunk]) - part(centre)) * part(key)
        }
        return score
      }
    }
    let standard = heads.map { scores -> [Double] in
      let centre = scores.reduce(0, +) / Double(scores.count)
      let spread = (scores.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(scores.count))
        .squareRoot()
      return scores.map { ($0 - centre) / spread }
    }
    try expectBest("triattention:offsets=\(farthest)", trace, k: 9, always: [20], tolerance: 1e-3) { token in
      standard.map { $0[token] }.max() ?? 0
    }
  }

  /// Tokens are scored when a round's worth has joined, and by that score till the next.
  @Test func triAttentionScoresOncePerRound() throws {
    let trace = Self.trace
    let long = try trace.answer("triattention:round=1000", budget: .tokens(9)).tokens[0]
    let short = try trace.answer("triattention:round=1", budget: .tokens(9)).tokens[0]
    #expect(long[0] == short[0])
    #expect(long != short)
    // With no new scores the prompt's tokens go in one order, and what joined stays.
    for (step, tokens) in long.enumerated().prefix(8) { #expect(Set(tokens).isSuperset(of: 20...20 + step)) }
  }

  @Test func duoAttentionKeepsEverythingOnRetrievalHeads() throws {
    // KV head 2 of 3 loses least: it is a retrieval head only where all are.
    let trace = Self.trace
    let all = trace.queries.map { _ in trace.steps.map { Array($0.visible) } }
    #expect(try trace.answer("duo-attention:retrieval=1").tokens == all)
    let few = try trace.answer("duo-attention:retrieval=0.7,sinks=2,recent=3").tokens
    #expect(
      few
        == trace.queries.map { _ in trace.steps.map { [0, 1, $0.position - 2, $0.position - 1, $0.position] }
        })
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private func exponential(_ x: Double) -> Double { exp(x) }
