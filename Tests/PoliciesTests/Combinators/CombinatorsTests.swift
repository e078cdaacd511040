import Testing

@testable import Policies

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Twilight and RocketKV.
@Suite struct CombinatorsTests {
  static let trace = SmallTrace(heads: 3, positions: [30, 31, 47]).complete(prompt: 30, window: 4)

  /// Quantised to 16 bits, that is not at all, over the oracle's candidates: the smallest set that holds p of them.
  @Test(arguments: [0.3, 0.85, 0.99], [16, 4]) func twilightPrunesToP(p: Double, bits: Int) throws {
    let trace = Self.trace
    let text = "twilight:base=oracle,candidates=12,p=\(p),bits=\(bits)"
    let answer = try trace.answer(text)
    let candidates = try trace.answer("oracle", budget: .tokens(12)).tokens
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        let logits = candidates[head][step].map { token -> Double in
          let key = ChannelSelectorsTests.rounded(trace.key(token), bits: bits)
          return dot(trace.query(head, step), key) * Double(trace.scale)
        }
        let weights = logits.map { exp($0) }
        let total = weights.reduce(0, +)
        let order = weights.indices.sorted {
          abs(weights[$0] - weights[$1]) > 1e-9 ? weights[$0] > weights[$1] : $0 < $1
        }
        var (mass, chosen): (Double, [Int]) = (0, [])
        for place in order where mass < p * total * (1 - 1e-7) {
          mass += weights[place]
          chosen.append(candidates[head][step][place])
        }
        #expect(answer.tokens[head][step] == chosen.sorted(), "\(text)")
      }
    }
  }

  /// Reading of candidates: a key of 8 channels in 4 bits, with lowest and step; two heads of 3 candidates each.
  @Test func twilightsBytesByHand() throws {
    let trace = SmallTrace(positions: [3, 4])
    let bytes = try trace.answer("twilight:base=oracle,candidates=3").ledger.bytes
    #expect(bytes[.init(.metadata, .gather(rowBytes: 8))]?.readPerHead == 2 * 2 * 3 * 8)
    #expect(bytes[.init(.metadata, .stream)] == TrafficBytes(written: 2 * 8))
    // And what the oracle reads to propose them.
    #expect(bytes[.init(.keys, .stream)]?.readGroupUnion == 9 * 16)
  }

  @Test(arguments: [(4096, 256), (8192, 64), (100, 100), (64, 32)]) func rocketKVSplitsTheCompression(
    n: Int, k: Int
  ) {
    let c = Double(n) / Double(k)
    let part = min(0.2 + 0.06 * log2(c), 0.8)
    let expected = max(k, Int(Double(n) / pow(c, part)))
    #expect(abs(RocketKV.firstStage(visible: n, k: k) - expected) <= 1)
  }

  @Test(arguments: [1, 3, 4], [2, 8]) func rocketKVKeepsPagesOfWhatIsLeft(page: Int, channels: Int) throws {
    let trace = Self.trace
    let k = 8
    let answer = try trace.answer(
      "rocketkv:page=\(page),channels=\(channels),window=4,kernel=3", budget: .tokens(k))
    let naive = NaiveEviction(trace: trace)
    let values = naive.snapValues(heads: [0, 1, 2], window: 4, kernel: 3, isMax: true)
    let stages = trace.steps.map { RocketKV.firstStage(visible: $0.visible.count, k: k) }
    let held = naive.sets(stages, value: { token, _ in values[token] })
    for step in trace.steps.indices {
      let kept = held[step]
      let some = ChannelSelectorsTests.largest(trace, step: step, r: channels)
      let pages = stride(from: 0, to: kept.count, by: page).map {
        Array(kept[$0..<min($0 + page, kept.count)])
      }
      let tokens = answer.tokens[0][step]
      #expect(answer.tokens.allSatisfy { $0[step] == tokens })
      let mine = pages.filter { !Set($0).isDisjoint(with: tokens) }
      #expect(mine.count == max(1, k / page))
      #expect(tokens == mine.joined().sorted())
      #expect(
        areBest(mine, of: pages) { page in
          (0..<3).reduce(0) { sum, head in
            sum
              + some.reduce(0) { sum, c in
                let q = trace.query(head, step)[c]
                let keys = page.map { trace.key($0)[c] }
                return sum + max(q * (keys.min() ?? 0), q * (keys.max() ?? 0))
              }
          }
        })
    }
  }
}
