import Attention
import Testing

@testable import Policies

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct SkipSoftmaxTests {
  /// One head whose logits are the numbers given, a token each, over `divisor`.
  static func trace(logits: [Int], divisor: Int = 1) -> SmallTrace {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [logits.count - 1])
    trace.scale = 1 / Float(divisor)
    trace.keys = logits.map { [$0, 0] } + Array(repeating: [50, 0], count: 5)
    trace.queries = [[[1, 0]]]
    return trace
  }

  /// Every tile compared with the largest logit of those before it in its part of the text.
  static func kept(
    _ trace: SmallTrace, head: Int, step: Int, factor: Double, size: Int, splits: Int
  ) -> [Range<Int>] {
    let visible = trace.steps[step].visible
    let tiles = trace.pages(step: step, size: size).map { $0.clamped(to: visible) }
    let lambda = factor / Double(visible.count)
    func largest(_ tile: Range<Int>) -> Double {
      tile.map { token in
        let logit = Double(trace.score(head: head, step: step, token: token)) * Double(trace.scale)
        return trace.logitSoftcap.map { Double($0) * tanh(logit / Double($0)) } ?? logit
      }.max() ?? 0
    }
    return tiles.enumerated().filter { place, tile in
      let before = tiles.indices.filter { $0 < place && $0 % splits == place % splits }
      guard let highest = before.map({ largest(tiles[$0]) }).max(), lambda > 0, lambda <= 1 else {
        return true
      }
      return largest(tile) - highest >= log(lambda)
    }.map(\.element)
  }

  @Test(
    arguments: [0, 0.02, 1.7, 9, 22.5] as [Double],
    [(1, 1), (3, 1), (4, 2), (5, 3), (64, 1)] as [(Int, Int)])
  func skipsWhatLiesFarBelowTheRunningMaximum(factor: Double, sizes: (tile: Int, splits: Int)) throws {
    for seed in 1...4 as ClosedRange<UInt64> {
      for (window, cap) in [(Int.max, nil), (21, nil), (Int.max, Float(3))] as [(Int, Float?)] {
        var trace = SmallTrace(heads: 3, positions: [0, 5, 20, 21, 47, 60], window: window, seed: seed)
        trace.logitSoftcap = cap
        for scope in ["head", "group"] {
          let answer = try trace.answer(
            "skip-softmax:factor=\(factor),tile=\(sizes.tile),splits=\(sizes.splits),scope=\(scope)")
          for head in trace.queries.indices {
            for step in trace.steps.indices {
              let voters = scope == "head" ? [head] : Array(trace.queries.indices)
              let expected = Set(
                voters.flatMap { voter in
                  Self.kept(
                    trace, head: voter, step: step, factor: factor, size: sizes.tile, splits: sizes.splits
                  ).flatMap { Array($0) }
                })
              #expect(
                answer.tokens[head][step] == expected.sorted(), "\(seed) \(window) \(scope) \(head) \(step)")
            }
          }
        }
      }
    }
  }

  /// Worked out from the authors' code: tiles of maxima 2, 1, 3 and -2 with λ = 0.1, of which the last lies 5 below.
  @Test func aTileFarBelowIsLeftOut() throws {
    let trace = Self.trace(logits: [2, 0, 1, -1, 3, 2, -2, -3])
    let answer = try trace.answer("skip-softmax:factor=0.8,tile=2")
    #expect(answer.tokens == [[[0, 1, 2, 3, 4, 5]]])
    // Values 1 to 8.
    func output(_ tokens: [Int]) -> Double {
      trace.attention(trace.query(0, 0), over: tokens).reduce(0) { $0 + $1.value * Double($1.key + 1) }
    }
    #expect(abs(output(answer.tokens[0][0]) - 4.20483) < 1e-5)
    #expect(abs(output(Array(0..<8)) - 4.21933) < 1e-5)
  }

  /// Worked out from the authors' code: maxima 3, 0, 1.9 and -1 with λ = 0.3, in one part of the text and in two dealt in turn.
  @Test(arguments: [
    (1, [0, 2]), (2, [0, 1, 2, 3]), (3, [0, 1, 2]), (4, [0, 1, 2, 3]), (9, [0, 1, 2, 3]),
  ])
  func splitsCompareWithinThemselves(splits: Int, expected: [Int]) throws {
    let trace = Self.trace(logits: [30, 0, 19, -10], divisor: 10)
    #expect(
      try trace.answer("skip-softmax:factor=1.2,tile=1,splits=\(splits)").tokens == [[expected]])
  }

  /// Factors fitted to half the tiles skipped, at decode and at prefill; no λ above 1.
  @Test func limitsByHand() throws {
    let decode = try #require(SkipSoftmax.limit(factor: 16.52, tokens: 32768))
    let prefill = try #require(SkipSoftmax.limit(factor: 587.18, tokens: 32768))
    #expect(abs(decode + 7.593) < 1e-3 && abs(prefill + 4.022) < 1e-3)
    #expect(SkipSoftmax.limit(factor: 16.52, tokens: 10) == nil)
    #expect(SkipSoftmax.limit(factor: 0, tokens: 10) == nil)
  }

  /// A skipped tile raises the maximum as another would: with λ = 1 it is the running maximum itself that must be reached.
  @Test func equalityIsKept() throws {
    let trace = Self.trace(logits: [1, 1, 0, 2, 2])
    #expect(try trace.answer("skip-softmax:factor=5,tile=1").tokens == [[[0, 1, 3, 4]]])
  }

  /// The second head would skip what the first one keeps.
  @Test(arguments: [("group", [[0, 1, 2], [0, 1, 2]]), ("head", [[0, 1, 2], [0]])])
  func aGroupSkipsTogether(scope: String, expected: [[Int]]) throws {
    var trace = SmallTrace(heads: 2, headDim: 2, positions: [3])
    trace.scale = 1
    trace.keys = [[0, 9], [1, 0], [2, 0], [-9, 0]] + Array(repeating: [0, 0], count: 5)
    trace.queries = [[[1, 0]], [[0, 1]]]
    let answer = try trace.answer("skip-softmax:factor=1,tile=1,scope=\(scope)")
    #expect(answer.tokens.map { $0[0] } == expected)
  }

  /// Two heads, 8 channels of 2 bytes, steps that see 5 and 6 tokens: all keys, read once for the group, and no scores.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [4, 5])
    let answer = try trace.answer("skip-softmax:tile=2,factor=3")
    #expect(
      answer.work.bytes == [
        .init(.keys, .stream): TrafficBytes(readPerHead: 11 * 16 * 2, readGroupUnion: 11 * 16)
      ])
    let policy = try PolicyConfiguration(SkipSoftmax.self).policy(for: trace.group)
    #expect(!policy.readsChosenKeys)
    #expect(policy.residentExtraBytes(tokens: 64) == (0, 0))
    #expect(policy.pieceTokens(of: trace.steps[0], budget: 4) == 64)
  }

  @Test func takesItsOwnSizeWhateverTheBudget() throws {
    let trace = SmallTrace(positions: [30, 31])
    let text = "skip-softmax:tile=4,factor=9"
    #expect(try trace.answer(text, budget: .tokens(1)) == trace.answer(text, budget: .share(0.9)))
  }

  /// Some 14 tiles a step, far below a first token to which every query attends, by several powers of e.
  static func long(seed: UInt64) -> SmallTrace {
    var trace = SmallTrace(heads: 3, positions: [880, 881, 884, 890, 895], seed: seed)
    trace.scale = 1 / 64
    trace.keys[0] = [600] + Array(repeating: 0, count: trace.headDim - 1)
    for head in trace.queries.indices {
      for step in trace.queries[head].indices { trace.queries[head][step][0] = 3 }
    }
    return trace
  }

  /// What a calibration finds on a text skips its shares of that text's tiles.
  @Test(arguments: 1...3 as ClosedRange<UInt64>) func calibratedFactorsSkipTheirShares(seed: UInt64) throws {
    var trace = Self.long(seed: seed)
    let thresholds = SkipCalibration.thresholds(try trace.block())
    let tiles = trace.steps.reduce(0) { $0 + ($1.visible.count + 63) / 64 }
    #expect(thresholds.count == tiles - trace.steps.count)
    let factors = try #require(SkipCalibration.factors(thresholds, tiles: tiles))
    #expect(SkipCalibration.isSound(factors))
    trace.statistics = HeadStatistics(layers: [], skipFactors: factors)
    for share in [0.2, 0.5, 0.8] {
      let answer = try trace.answer("skip-softmax:skip=\(share)")
      let kept = zip(answer.tokens[0], trace.steps).reduce(0) { $0 + Set($1.0.map { $0 / 64 }).count }
      // Four digits of a factor are few where two tiles are as near.
      #expect(abs(Double(tiles - kept) / Double(tiles) - share) < 2.5 / Double(tiles), "\(share)")
    }
  }

  @Test func factorsBetweenSharesAreByTheLogarithm() {
    let factors = (1...9).map { exp(Double($0)) }
    for share in [0.05, 0.1, 0.37, 0.5, 0.85, 0.9] {
      let factor = SkipCalibration.factor(skipping: share, factors)
      #expect(abs(factor / exp(10 * share) - 1) < 1e-9)
    }
    let merged = SkipCalibration.merging([factors, factors.map { $0 * 16 }], weights: [3, 1])
    #expect(zip(merged, factors).allSatisfy { abs($0 / $1 / 2 - 1) < 1e-3 })
    #expect(!SkipCalibration.isSound(factors.reversed()) && !SkipCalibration.isSound([1]))
  }

  @Test func aProfileWithoutFactorsIsNoProfileForShares() throws {
    var trace = Self.long(seed: 1)
    trace.statistics = HeadStatistics(layers: [])
    let error = #expect(throws: PolicyError.self) { try trace.answer("skip-softmax:skip=0.5") }
    #expect("\(try #require(error))".contains("calibrate anew"))
    #expect(try PolicyGrammar.parse(["skip-softmax"])[0].needs.isEmpty)
  }
}
