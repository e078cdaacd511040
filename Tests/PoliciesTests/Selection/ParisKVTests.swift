import Attention
import Testing

@testable import Policies

/// ParisKV: votes of sign patterns in whole numbers, sketches in double precision.
@Suite struct ParisKVTests {
  static let bounds = [0.0843, 0.1698, 0.2578, 0.3499, 0.4487, 0.5585, 0.6901]
  static let centres = [0.0420, 0.1266, 0.2130, 0.3025, 0.3973, 0.5001, 0.6169, 0.7633]

  /// A vector with random signs, times a Hadamard matrix of ones written out.
  static func turned(_ vector: [Int], seed: UInt64) -> [Int] {
    var generator = SplitMix64(seed: seed, 0x9A15)
    let signed = vector.map { generator.next() >> 63 == 0 ? $0 : -$0 }
    return vector.indices.map { row in
      signed.indices.reduce(0) { $0 + ((row & $1).nonzeroBitCount % 2 == 0 ? signed[$1] : -signed[$1]) }
    }
  }

  static func pattern(_ block: ArraySlice<Int>) -> [Bool] { block.map { $0 >= 0 } }

  /// A turned key's block, of length 1 before its weight, as 4 bits have it.
  static func sketch(_ block: ArraySlice<Int>, width: Int) -> [Double] {
    let values = block.map { Double($0) / Double(width).squareRoot() }
    let size = length(values)
    guard size > 0 else { return values }
    let levels = values.map { value in centres[bounds.count { $0 < abs(value) / size }] }
    let along = zip(levels, values).reduce(0) { $0 + $1.0 * abs($1.1) / size }
    let weight = Double(HalfPrecision.float(bf16: HalfPrecision.bf16(Float(size / along))))
    return zip(levels, values).map { $1 >= 0 ? weight * $0 : -weight * $0 }
  }

  /// Candidates by votes, and every token's score by its sketch.
  static func naive(_ trace: SmallTrace, step: Int, middle: [Int], ratio: Double, count: Int) -> (
    candidates: [Int], score: (Int) -> Double
  ) {
    let width = trace.headDim
    let summed = (0..<width).map { c in trace.queries.reduce(0) { $0 + $1[step][c] } }
    let query = turned(summed, seed: trace.seed)
    let keys = trace.keys.map { turned($0, seed: trace.seed) }
    let blocks = stride(from: 0, to: width, by: 8).map { $0..<min($0 + 8, width) }
    var votes = Dictionary(uniqueKeysWithValues: middle.map { ($0, 0) })
    for block in blocks {
      func score(_ token: Int) -> Int {
        zip(pattern(keys[token][block]), query[block]).reduce(0) { $0 + ($1.0 ? $1.1 : -$1.1) }
      }
      func number(_ token: Int) -> Int {
        pattern(keys[token][block]).enumerated().reduce(0) { $0 + ($1.element ? 1 << $1.offset : 0) }
      }
      for token in middle {
        let own = (score(token), number(token))
        let before = middle.count { other in
          let its = (score(other), number(other))
          return its.0 > own.0 || its.0 == own.0 && its.1 < own.1
        }
        for share in [0.05, 0.15, 0.30, 0.50, 0.75, 1.0]
        where before < Int((Double(middle.count) * (ratio * share)).rounded(.up)) {
          votes[token, default: 0] += 1
        }
      }
    }
    let candidates = best(middle, count) { Double(votes[$0] ?? 0) }
    return (
      candidates,
      { token in
        blocks.reduce(0) { sum, block in
          sum + dot(query[block].map(Double.init), sketch(keys[token][block], width: width))
        }
      }
    )
  }

  @Test(arguments: [8, 32], [(0.4, 0.5), (0.25, 0.2), (0.7, 1), (0, 0)])
  func candidatesAreVotedForAndRanked(width: Int, shares: (candidates: Double, ratio: Double)) throws {
    for seed in 1...4 {
      let trace = SmallTrace(heads: 3, headDim: width, positions: [24, 39, 60], seed: UInt64(seed))
      let answer = try trace.answer(
        "pariskv:candidates=\(shares.candidates),ratio=\(shares.ratio),sinks=2,recent=3", budget: .tokens(9))
      for step in trace.steps.indices {
        let end = trace.steps[step].visible.upperBound
        let middle = Array(2..<end - 3)
        let share = shares.candidates > 0 ? shares.candidates : 0.5
        let naive = Self.naive(
          trace, step: step, middle: middle, ratio: shares.ratio > 0 ? shares.ratio : 0.5,
          count: max(4, Int((Double(middle.count) * share).rounded(.up))))
        for head in trace.queries.indices {
          let chosen = answer.tokens[head][step]
          #expect(chosen.count == 9 && Set(chosen).isSuperset(of: [0, 1, end - 3, end - 2, end - 1]))
          #expect(
            areBest(chosen.filter(middle.contains), of: naive.candidates, tolerance: 1e-2, by: naive.score))
        }
      }
    }
  }

  /// A case worked out from the authors' code: 10 keys, ρ = 0.5, patterns of 2, 1, 3 and 4 keys.
  @Test func votesOfTiersByHand() {
    let tiers = ParisKV.tiers.map { Int((10 * (0.5 * $0)).rounded(.up)) }
    #expect(tiers == [1, 1, 2, 3, 4, 5])
    #expect(SignPatterns.votes(counts: [2, 1, 3, 4], tiers: tiers) == [6, 3, 2, 0])
  }

  /// Of the block (3, −4) the shares of its length are 0.6 and 0.8: the levels 0.6169 and −0.7633, whose length along it
  /// is 0.98078. What is on a bound counts below it.
  @Test func sketchesByHand() {
    let sketch = SignPatterns.sketch([3, -4] as [Float], stretch: 1)
    let weight = HalfPrecision.float(bf16: HalfPrecision.bf16(5 / 0.98078))
    #expect(abs(sketch[0] - weight * 0.6169) < 1e-5 && abs(sketch[1] + weight * 0.7633) < 1e-5)
    #expect(SignPatterns.sketch([0, 0] as [Float], stretch: 1) == [0, 0])
    #expect(SignPatterns.pattern([0, -1, 2] as [Float]) == 0b101)
  }

  @Test func sharesFollowTheLength() throws {
    let configuration = try #require(PolicyGrammar.parse(["pariskv"]).first)
    let group = SmallTrace(positions: [3]).group
    let policy = ParisKV(parameters: configuration.values, group: group)
    for (tokens, candidates, ratio) in [
      (4_999, 0.5, 0.5), (5_000, 0.25, 0.3), (9_999, 0.25, 0.3), (10_000, 0.2, 0.25), (30_000, 0.1, 0.2),
    ] {
      let shares = policy.shares(tokens)
      #expect(shares.candidates == candidates && shares.ratio == ratio)
    }
    let given = try #require(PolicyGrammar.parse(["pariskv:candidates=0.4"]).first)
    let shares = ParisKV(parameters: given.values, group: group).shares(50_000)
    #expect(shares.candidates == 0.4 && shares.ratio == 0.2)
  }

  /// Turning a vector keeps its products with others, whatever the number of channels.
  @Test(arguments: [8, 24, 32, 5]) func turningIsARotation(width: Int) {
    let turn = RandomTurn(width: width, seed: 7)
    var random = SeededRandom(5)
    let vectors = (0..<2).map { _ in random.small(count: width) }
    let turned = vectors.map { vector -> [Double] in
      var values = vector.map(Float.init)
      values.withUnsafeMutableBufferPointer { if let start = $0.baseAddress { turn.turn(start) } }
      return values.map { Double($0) / Double(turn.stretch) }
    }
    let plain = vectors.map { $0.map(Double.init) }
    #expect(abs(dot(turned[0], turned[1]) - dot(plain[0], plain[1])) < 1e-3)
    #expect(abs(length(turned[0]) - length(plain[0])) < 1e-3)
  }

  /// Two heads of one block of 8 channels, steps that see 4 and 5 tokens: a sink apart, 3 and 4 vote, and 2 are candidates.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [3, 4]).complete(prompt: 3, window: 2)
    let text = "pariskv:sinks=1,recent=0,candidates=0.5"
    let found = try trace.answer(text, budget: .tokens(2)).work.bytes
    // A pattern a byte, and 256 counts; 4 bytes of sketch with a weight of 2, and a count for the new token.
    let read = 3 + 4 + 2 * 256 * 4
    let gathered = 2 * 2 * 6
    let scores = (3 + 4) * 4 + 2 * 2 * 4
    #expect(
      found == [
        .init(.metadata, .stream): TrafficBytes(
          readPerHead: read, readGroupUnion: read, written: 2 * (1 + 6 + 4)),
        .init(.metadata, .gather(rowBytes: 6)): TrafficBytes(
          readPerHead: gathered, readGroupUnion: gathered),
        .init(.scores, .stream): TrafficBytes(readPerHead: scores, readGroupUnion: scores, written: scores),
      ])
    let policy = try #require(PolicyGrammar.parse([text]).first).policy(for: trace.group)
    let (device, host) = policy.residentExtraBytes(tokens: 64)
    #expect(device == 64 * 7 + 256 * 4 && host == 0)
    #expect(policy.cacheTier == .host && policy.choosesPerGroup)
  }
}
