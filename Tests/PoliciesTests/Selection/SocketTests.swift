import Attention
import Testing

@testable import Policies

/// SOCKET: soft collisions, against softmaxes over all corners in double precision.
@Suite struct SocketTests {
  /// Queries of few small numbers, so that hyperbolic tangents differ.
  static func trace(seed: UInt64 = 1, hasValues: Bool = true) -> SmallTrace {
    var trace = SmallTrace(heads: 2, positions: [12, 20, 29], seed: seed).complete(prompt: 12)
    trace.queries = trace.queries.map { $0.map { $0.map { $0 > 5 ? 1 : $0 < -5 ? -1 : 0 } } }
    if !hasValues { trace.values = [] }
    return trace
  }

  /// The sum over the tables, times the value's length, for every token.
  static func scores(
    _ trace: SmallTrace, head: Int, step: Int, bits: Int, tables: Int, tau: Double, divisor: Double
  ) -> [Double] {
    var generator = SplitMix64(seed: trace.seed, 0x50C)
    let planes = (0..<tables).map { _ in
      (0..<bits).map { _ in (0..<trace.headDim).map { _ in Double(Float(generator.normal())) } }
    }
    return trace.keys.indices.map { token in
      let sum = planes.reduce(0.0) { sum, planes in
        let tilts = planes.map { plane -> Double in
          let e = portableExponential(2 * dot(trace.query(head, step), plane))
          return (e - 1) / (e + 1) / divisor
        }
        let chances = softmax(
          (0..<1 << bits).map { corner in
            tilts.indices.reduce(0) { $0 + (corner >> (bits - 1 - $1) & 1 == 1 ? tilts[$1] : -tilts[$1]) }
          }, 1 / tau)
        let bucket = planes.reduce(0) { 2 * $0 + (dot(trace.key(token), $1) >= 0 ? 1 : 0) }
        return sum + chances[bucket]
      }
      guard trace.values.indices.contains(token) else { return sum }
      return sum * length(trace.values[token].map(Double.init))
    }
  }

  /// e to a number, by the softmax of two.
  private static func portableExponential(_ x: Double) -> Double {
    let pair = softmax([min(x, 30), 0], 1)
    return pair[0] / pair[1]
  }

  @Test(
    arguments: [(1, 1, 0.3), (2, 5, 0.3), (4, 8, 0.1)],
    ["divisor=sqrt-d,scope=head", "divisor=one,scope=head", "divisor=sqrt-d,scope=group"])
  func ranksBySoftCollisions(sizes: (bits: Int, tables: Int, tau: Double), text: String) throws {
    let (bits, tables, tau) = sizes
    for seed in 1...4 {
      for hasValues in [true, false] {
        let trace = Self.trace(seed: UInt64(seed), hasValues: hasValues)
        for rounding in ["single", "half"] {
          let answer = try trace.answer(
            "socket:bits=\(bits),tables=\(tables),tau=\(tau),sink-share=0.25,recent-share=0.25,scores=\(rounding),\(text)",
            budget: .tokens(8))
          for head in trace.queries.indices {
            for step in trace.steps.indices {
              let end = trace.steps[step].visible.upperBound
              let chosen = answer.tokens[head][step]
              #expect(chosen.count == 8 && Set(chosen).isSuperset(of: [0, 1, end - 2, end - 1]))
              let divisor = text.contains("divisor=one") ? 1 : Double(trace.headDim).squareRoot()
              let values = sum(
                (text.hasSuffix("group") ? [0, 1] : [head]).map {
                  Self.scores(
                    trace, head: $0, step: step, bits: bits, tables: tables, tau: tau, divisor: divisor)
                })
              let middle = Array(2..<end - 2)
              // 11 bits hold a score.
              let tolerance = rounding == "half" ? (values.max() ?? 0) / 1024 + 1e-4 : 1e-4
              #expect(
                areBest(chosen.filter(middle.contains), of: middle, tolerance: tolerance) { values[$0] })
            }
          }
        }
      }
    }
  }

  private func chances(_ products: [Float], scale: Double, temperature: Double) -> [Float] {
    var result = [Float](repeating: 0, count: 1 << products.count)
    SoftHashes.chances(products, scale: scale, temperature: temperature, into: &result)
    return result
  }

  /// A case worked out from the authors' code: d = 2, two planes along the axes, one table, τ = 0.3, q = (1, 0.5).
  @Test func chancesOfBucketsByHand() {
    let chances = chances([1, 0.5], scale: 1 / 2.0.squareRoot(), temperature: 0.3)
    // Of the buckets 00, 10, 01 and 11, the first plane's bit before the second's: it is the lowest.
    let expected: [Float] = [0.0027, 0.0990, 0.0241, 0.8742]
    #expect(chances.count == 4)
    for (found, known) in zip(chances, expected) { #expect(abs(found - known) < 6e-5) }
    // Times ‖v‖ of 1, 3, 2 and 1 for keys in the buckets 11, 10, 01 and 00.
    let scores = [chances[3], 3 * chances[1], 2 * chances[2], chances[0]]
    for (found, known) in zip(scores, [0.8742, 0.2969, 0.0482, 0.0027] as [Float]) {
      #expect(abs(found - known) < 1e-4)
    }
  }

  /// However far from its planes a query lies, its chances are numbers that add up to one.
  @Test(arguments: [0, 1e-30, 3, -1e6, .greatestFiniteMagnitude] as [Float]) func chancesAddUpToOne(
    product: Float
  ) {
    for temperature in [0.01, 0.3, 100] {
      let chances = chances([product, -product, 0.5], scale: 1, temperature: temperature)
      #expect(chances.count == 8 && chances.allSatisfy { $0 >= 0 && $0 <= 1 })
      #expect(abs(chances.reduce(0, +) - 1) < 1e-5)
    }
  }

  /// Two heads, keys and planes of 16 bytes, steps that see 4 and 5 tokens.
  @Test(arguments: [("short", 2 * 3 + 2), ("packed", 1 + 2)]) func bytesByHand(storage: String, row: Int)
    throws
  {
    let trace = SmallTrace(positions: [3, 4]).complete(prompt: 3, window: 2)
    let text = "socket:bits=2,tables=3,storage=\(storage)"
    let found = try trace.answer(text, budget: .tokens(2)).work.bytes
    let planes = 2 * 6 * 16
    // 12 chances for each of two heads and steps, then a score of each token and head; all read back.
    let scores = 2 * 2 * 12 * 4 + 9 * 2 * 4
    #expect(
      found == [
        .init(.metadata, .stream): TrafficBytes(
          readPerHead: 2 * (9 * row + planes), readGroupUnion: 9 * row + planes, written: 2 * row),
        .init(.scores, .stream): TrafficBytes(
          readPerHead: scores, readGroupUnion: scores, written: scores),
      ])
    let policy = try #require(PolicyGrammar.parse([text]).first).policy(for: trace.group)
    let (device, host) = policy.residentExtraBytes(tokens: 64)
    #expect(device == 64 * row + 6 * 16 && host == 0)
  }

  @Test func whatIsAlwaysKeptIsNamed() throws {
    let configuration = try #require(PolicyGrammar.parse(["socket:recent-share=0.25"]).first)
    #expect(
      configuration.descriptor.alwaysKeeps?(configuration.values) == "the first 0.19 and newest 0.25 of k")
  }
}
