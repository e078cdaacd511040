import Attention
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

  /// All steps, at budgets below and above the window, and with a buffer that is longer than a budget.
  @Test(arguments: [0.0, 0.1, 0.7, 1.0], [1, 5]) func rKV(lambda: Double, kernel: Int) throws {
    for (budget, buffer) in [(11, 128), (16, 3), (9, 1), (4, 2), (1, 1)] {
      let trace = AttentionEvictorsTests.trace(seed: UInt64(kernel))
      var naive = NaiveRKV(trace: trace, lambda: lambda, window: 4, kernel: kernel, buffer: buffer)
      let expected = naive.sets(trace.steps.map { _ in budget })
      let text = "r-kv:lambda=\(lambda),window=4,kernel=\(kernel),buffer=\(buffer)"
      #expect(
        try trace.answer(text, budget: .tokens(budget)).tokens == [expected, expected, expected],
        "\(text) \(budget)")
    }
  }

  /// Sinks have no part of the softmax, nor what a sliding window has left behind.
  @Test(arguments: [1, 16], [Int.max, 12]) func expectedAttentionLooksAhead(future: Int, window: Int) throws {
    let trace = SmallTrace(heads: 3, positions: Array(20..<44), window: window).complete(
      prompt: 20, window: 6)
    let seen = max(2, 21 - min(window, 21))..<20
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
      let logits = seen.map { token -> Double in
        let key = trace.key(token)
        // kᵀ R Σ Rᵀ k is the mean of (k · R (q − μ))².
        let squares = queries.map { q in dot(key, turn(zip(q, centre).map { $0 - $1 })) }.map { $0 * $0 }
        return dot(key, turn(centre)) * scale + squares.reduce(0, +) / Double(squares.count) * scale * scale
          / 2
      }
      let largest = logits.max() ?? 0
      let weights = logits.map { exponential($0 - largest) }
      for (token, weight) in zip(seen, weights) { attention[token] += weight / weights.reduce(0, +) / 3 }
    }
    let always: Set<Int> = window == .max ? [0, 1, 20] : [20]
    try expectBest("expected-attention:future=\(future),sinks=2", trace, k: 8, always: always) { token in
      attention[token] * length(trace.values[token].map(Double.init))
    }
  }

  @Test(arguments: [1, 16, 65_536]) func triAttentionFollowsTheCentres(farthest: Int) throws {
    let trace = Self.trace
    let values = try NaiveEviction(trace: trace).triAttention(Array(0...20), at: 20, farthest: farthest)
    try expectBest("triattention:offsets=\(farthest)", trace, k: 9, always: [20], tolerance: 1e-3) { token in
      values[token] ?? 0
    }
  }

  /// Tokens are scored when a round's worth has joined, and by that score till the next; a round is at most k / 2.
  @Test(arguments: [1, 2, 3, 4, 9], [1, 3, 1000]) func triAttentionScoresOncePerRound(k: Int, round: Int)
    throws
  {
    for sinks in [0, 2] {
      let naive = NaiveEviction(trace: Self.trace, sinks: sinks)
      var (held, joined, values) = ([Int](), 1000, [Int: Double]())
      let expected = try Self.trace.steps.indices.map { step -> [Int] in
        joined += naive.join(&held, step)
        if joined >= min(round, max(1, k / 2)) {
          values = try naive.triAttention(held, at: Self.trace.steps[step].position)
          joined = 0
        }
        naive.drop(&held, to: k, recent: joined + 1) { values[$0] ?? 0 }
        return held
      }
      let text = "triattention:round=\(round),sinks=\(sinks)"
      #expect(
        try Self.trace.answer(text, budget: .tokens(k)).tokens == [expected, expected, expected],
        "\(text) \(k)")
    }
  }

  /// Half of a budget of 8 is judged, whatever the round: the tokens kept are not the most recent ones alone.
  @Test func aRoundLongerThanTheBudgetIsNoSlidingWindow() throws {
    let rows = try Self.trace.answer("triattention:round=128", budget: .tokens(8)).tokens[0]
    for (step, row) in rows.enumerated().dropFirst(8) {
      let position = Self.trace.steps[step].position
      #expect(row != Array(position - 7...position))
    }
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
