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

/// LazyEviction against loops in double precision, and cases worked out from a copy of the authors' code.
@Suite struct LazyEvictionTests {
  struct Naive {
    let trace: SmallTrace
    var window = 3
    var alpha = 1e-4
    var sinks = 0

    var text: String { "lazy-eviction:window=\(window),alpha=\(alpha),sinks=\(sinks)" }

    /// The sets of query heads that share one.
    func sets(_ heads: [Int], _ budgets: [Int]) -> [[Int]] {
      let naive = NaiveEviction(trace: trace, sinks: sinks)
      var values = votes(heads)
      var (held, fresh, judged) = ([Int](), 0, 0)
      var (last, gap) = ([Int: Int](), [Int: Int]())
      return trace.steps.indices.map { step in
        let (k, now) = (budgets[step], step + 1)
        let own = min(window, max(1, k / 4))
        let joined = naive.join(&held, step)
        for token in held.suffix(joined) { last[token] = now - 1 }
        fresh = step == 0 ? own + 1 : fresh + joined
        naive.drop(&held, to: k, recent: fresh) { values[$0] ?? 0 }
        let weights = mean(
          heads.map { head in
            let attention = naive.attention(head, step, held)
            return held.map { attention[$0] ?? 0 }
          })
        for (token, weight) in zip(held, weights) where weight >= alpha {
          gap[token] = max(gap[token] ?? 0, now - (last[token] ?? 0))
          last[token] = now
        }
        if now - judged >= own {
          for token in held {
            // Values too small for a 32-bit float are none.
            values[token] = Double(Float(value(now - (last[token] ?? 0), gap[token] ?? 0)))
          }
          (fresh, judged) = (own, now)
        }
        return held
      }
    }

    private func value(_ age: Int, _ gap: Int) -> Double {
      let recency = 2 / (1 + exp(1 + Double(age) / (Double(gap) + 1e-5)))
      return gap == 0 ? recency : recency + 2 / (1 + exp(Double(gap) - 1))
    }

    private func votes(_ heads: [Int]) -> [Int: Double] {
      var result: [Int: Double] = [:]
      for head in heads {
        for query in trace.windowPositions.indices.suffix(window) {
          for (token, weight) in trace.windowAttention(head: head, query) {
            result[token, default: 0] += weight
          }
        }
      }
      return result
    }
  }

  @Test(arguments: [1, 2, 3, 128], [1e-4, 0.03, 0.2]) func keepsWhatRecurs(window: Int, alpha: Double) throws
  {
    try AttentionEvictorsTests.each { trace, budget, k in
      for sinks in [0, 2] {
        let naive = Naive(trace: trace, window: window, alpha: alpha, sinks: sinks)
        let expected = trace.queries.indices.map { naive.sets([$0], k) }
        let found = try trace.answer(naive.text, budget: budget).tokens
        #expect(found == expected, "\(naive.text) \(budget)")
        let group = naive.sets(Array(trace.queries.indices), k)
        let shared = try trace.answer(naive.text + ",scope=group", budget: budget).tokens
        #expect(shared == [group, group, group], "\(naive.text) \(budget)")
      }
    }
  }

  /// At step 10: the step of the last important use, and the longest gap between two.
  @Test(arguments: [(9, 1, 1.2384), (8, 2, 0.7763), (5, 4, 0.2856), (3, 0, 0), (10, 0, 0.5379)])
  func valuesByHand(last: Int, gap: Int, value: Double) {
    let use = LazyEviction.Use(last: last, longestGap: gap)
    #expect(abs(Double(use.value(10)) - value) < 1e-4)
  }

  /// A prompt token that is first used at step 7 has a gap of 7; a new token that is used at birth one of 1.
  @Test func gapsByHand() {
    var old = LazyEviction.Use()
    old.note(7)
    #expect(old.longestGap == 7 && old.last == 7)
    old.note(9)
    #expect(old.longestGap == 7 && old.last == 9)
    var new = LazyEviction.Use(last: 11)
    new.note(12)
    #expect(new.longestGap == 1 && new.last == 12)
  }

  /// Two heads that hold 3 tokens each at two steps: two numbers and a value are read and written, 4 bytes each.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [9, 10])
    func state(_ text: String, _ k: Int) throws -> [TrafficKind: TrafficBytes] {
      try trace.answer(text, budget: .tokens(k)).work.bytes
    }
    #expect(
      try state("lazy-eviction", 3) == [
        .init(.state, .stream): TrafficBytes(readPerHead: 96, readGroupUnion: 96, written: 96)
      ])
    #expect(
      try state("lazy-eviction:scope=group", 3) == [
        .init(.state, .stream): TrafficBytes(readPerHead: 48, readGroupUnion: 48, written: 48)
      ])
    // Nothing must go; values of 11 tokens are written at the second step.
    let (uses, values) = (2 * 21 * 4, 2 * 11 * 4)
    #expect(
      try state("lazy-eviction:window=2", 12) == [
        .init(.state, .stream): TrafficBytes(readPerHead: uses, readGroupUnion: uses, written: uses + values)
      ])
  }
}
