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

@Suite struct VAttentionTests {
  static func trace(_ seed: UInt64) -> SmallTrace {
    var trace = SmallTrace(heads: 2, positions: [40, 41, 60], seed: seed).complete(prompt: 40)
    trace.scale = 0.02
    trace.seed = 100 + seed
    return trace
  }

  /// exp(logit − largest logit) of what a step sees, which begins at 0.
  static func weights(_ trace: SmallTrace, _ head: Int, _ step: Int) -> [Double] {
    let logits = trace.steps[step].visible.map {
      dot(trace.query(head, step), trace.key($0)) * Double(trace.scale)
    }
    let largest = logits.max() ?? 0
    return logits.map { exp($0 - largest) }
  }

  @Test(
    arguments: ["repeated", "distinct"],
    [(0.3, 0.05, 1.644_853_626_951), (0.15, 0.1, 1.281_551_565_545), (0.02, 0.5, 0)])
  func drawsAsManyAsTheErrorAsksFor(draws: String, sizing: (epsilon: Double, delta: Double, z: Double)) throws
  {
    for seed in [1, 2, 3] as [UInt64] {
      let trace = Self.trace(seed)
      let answer = try trace.answer(
        "vattention:sinks=2,recent=3,heavy=0.1,base=0.2,draws=\(draws),epsilon=\(sizing.epsilon),delta=\(sizing.delta)"
      )
      let corrections = try #require(answer.corrections)
      for head in trace.queries.indices {
        for (step, place) in trace.steps.enumerated() {
          let end = place.visible.upperBound
          let x = Self.weights(trace, head, step)
          let range = 2..<end - 3
          let top = best(Array(range), Int(0.1 * Double(end))) {
            Double(trace.score(head: head, step: step, token: $0))
          }
          let certain = Set([0, 1] + top + Array(end - 3..<end))
          var generator = SplitMix64(
            seed: trace.seed, trace.layer, trace.queryHeads.lowerBound + head, place.position)
          func draw(_ count: Int) -> [Int] {
            draws == "distinct"
              ? generator.sample(count, of: range)
              : (0..<count).map { _ in range.lowerBound + generator.below(range.count) }
          }
          let first = draw(max(2, Int(0.2 * Double(range.count))))
          let middle = first.reduce(0) { $0 + x[$1] } / Double(first.count)
          let variance =
            first.reduce(0) { $0 + (x[$1] - middle) * (x[$1] - middle) } / Double(first.count - 1)
          let all = Double(range.count)
          let sampled = Set(first).reduce(0) { $0 + x[$1] } * all / Double(first.count)
          let denominator = certain.reduce(0) { $0 + x[$1] } + sampled
          let root = sizing.z * max(variance.squareRoot(), 1e-8) * all / (sizing.epsilon * denominator)
          // A size next to a whole number may be rounded either way.
          guard abs(root * root - (root * root).rounded()) > 1e-3 || root * root < 0.5 else { continue }
          let size = min(max(first.count, Int(min(root * root, all))), range.count)
          let drawn = Set(draw(size)).subtracting(certain)
          #expect(answer.tokens[head][step] == certain.union(drawn).sorted())
          let weight = (1 + 1e-6) / (Double(size) / all + 1e-6)
          let offsets = corrections[head][step].offsets
          #expect(offsets.count == answer.tokens[head][step].count)
          for (token, offset) in zip(answer.tokens[head][step], offsets) {
            #expect(abs(Double(offset) - (drawn.contains(token) ? log(weight) : 0)) < 1e-6)
          }
        }
      }
    }
  }

  /// Worked out from the authors' code: logits of ten tokens, the first and the last two certain, a base sample of tokens 2 and 5.
  @Test func sizesAndWeightsByHand() {
    let logits: [Double] = [3, 0, 1, -1, 0, 2, -1, 0, 1, 2]
    let x = logits.map { exp($0 - 3) }
    let size = SampleSize(1..<8, weights: { Float(x[$0]) }, taken: [0, 8, 9], base: 0.05)
    #expect(size.baseSize == 2)
    #expect(size.size(after: [2, 5], within: 0.25, PortableMath.normalQuantile(0.95)) == 5)
    #expect(size.size(after: [2, 5], within: 0.05, PortableMath.normalQuantile(0.95)) == 7)
    // Never fewer than the base sample.
    #expect(size.size(after: [2, 5], within: 10, PortableMath.normalQuantile(0.95)) == 2)
    let offset = Double(VAttention.offset(5.0 / 7))
    let raised = [1, 2, 5, 7].map { (token: $0, weight: x[$0] * exp(offset)) }
    let all = raised + [0, 8, 9].map { (token: $0, weight: x[$0]) }
    let denominator = all.reduce(0) { $0 + $1.weight }
    #expect(abs(denominator - 2.34712) < 1e-4)
    #expect(abs(all.reduce(0) { $0 + $1.weight * Double($1.token) } / denominator - 3.36809) < 1e-4)
  }

  @Test(arguments: [
    (0.5, 0), (0.9, 1.281_551_565_544_6), (0.95, 1.644_853_626_951_5), (0.975, 1.959_963_984_540_1),
    (0.999, 3.090_232_306_167_8),
  ]) func quantilesOfTheNormalDistribution(share: Double, expected: Double) {
    #expect(abs(PortableMath.normalQuantile(share) - expected) < 1e-10)
  }

  /// Drawn without replacement, the denominator is on average the exact one.
  @Test func distinctDrawsAreUnbiased() throws {
    var trace = Self.trace(7)
    var sum = 0.0
    for seed in 0..<300 {
      trace.seed = UInt64(seed)
      let answer = try trace.answer(
        "vattention:sinks=1,recent=2,heavy=0.05,base=0.2,epsilon=0.3,draws=distinct")
      let corrections = try #require(answer.corrections)
      let x = Self.weights(trace, 0, 2)
      let estimate = zip(answer.tokens[0][2], corrections[0][2].offsets).reduce(0) {
        $0 + x[$1.0] * exp(Double($1.1))
      }
      sum += estimate / x.reduce(0, +)
    }
    #expect(abs(sum / 300 - 1) < 0.06)
  }

  /// First and last tokens that leave fewer than two between: all are read, and nothing is corrected.
  @Test func aShortContextIsRead() throws {
    let trace = Self.trace(1)
    let answer = try trace.answer("vattention")
    for head in answer.tokens { #expect(head == trace.steps.map { Array($0.visible) }) }
    #expect(answer.corrections?.joined().allSatisfy { $0 == OutputCorrection() } == true)
  }

  /// By hand: two heads, keys of 16 bytes, steps that see 4 and 5 tokens.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [3, 4]).complete(prompt: 3, window: 2)
    let answer = try trace.answer("vattention:sinks=1,recent=1,heavy=0,base=0")
    // Every key; a score of 9 tokens and two heads, written and read; once more of two certain tokens and two drawn, of four rows.
    #expect(
      answer.work.bytes == [
        .init(.keys, .stream): TrafficBytes(readPerHead: 2 * 9 * 16, readGroupUnion: 9 * 16),
        .init(.scores, .stream): TrafficBytes(
          readPerHead: 72 + 4 * 4 * 4, readGroupUnion: 72 + 4 * 4 * 4, written: 72),
      ])
    let policy = try PolicyGrammar.parse(["vattention"])[0].policy(for: trace.group)
    #expect(!policy.readsChosenKeys && policy.residentExtraBytes(tokens: 64) == (0, 0))
  }
}
