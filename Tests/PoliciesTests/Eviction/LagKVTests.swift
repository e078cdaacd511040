import Attention
import Testing

@testable import Policies

/// LagKV against loops in double precision, and cases worked out from the authors' code.
@Suite struct LagKVTests {
  struct Naive {
    let trace: SmallTrace
    var ratio = 0.5
    var lag = 4
    var weight = 1.0
    var sinks = 2

    var text: String { "lagkv:ratio=\(ratio),lag=\(lag),value-weight=\(weight),sinks=\(sinks)" }

    func sets() -> [[Int]] {
      let naive = NaiveEviction(trace: trace)
      var held: [Int] = []
      var first = sinks
      func judge(end: Int) {
        while end - first >= 2 * lag {
          let own = Array(first..<first + lag)
          let next = own.map { $0 + lag }
          let keys = spread(own, next, trace.keys)
          let values = spread(own, next, trace.values)
          let count = Int(ratio * Double(lag))
          let kept = best(Array(own.indices), count) { keys[$0] + weight * values[$0] }
          held.removeAll { own.contains($0) && !kept.contains($0 - first) }
          first += lag
        }
      }
      return trace.steps.indices.map { step in
        naive.join(&held, step)
        if step == 0 { judge(end: trace.promptTokens) }
        let seen = held
        judge(end: trace.steps[step].position + 1)
        return seen
      }
    }

    /// Softmax of the deviation over channels in the range of a reference.
    private func spread(_ tokens: [Int], _ reference: [Int], _ rows: [[Int]]) -> [Double] {
      let deviations = tokens.map { token -> Double in
        let numbers = rows[token].indices.map { c -> Double in
          let range = reference.map { Double(rows[$0][c]) }
          let (low, high) = (range.min() ?? 0, range.max() ?? 0)
          return high > low ? (Double(rows[token][c]) - low) / (high - low) : 0
        }
        let centre = numbers.reduce(0, +) / Double(numbers.count)
        let squares = numbers.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
        return (squares / Double(numbers.count - 1)).squareRoot()
      }
      return softmax(deviations, 1)
    }
  }

  @Test(arguments: [3, 4, 8, 100], [0.25, 0.5, 1]) func keepsTheMostUneven(lag: Int, ratio: Double) throws {
    for seed in 1...3 {
      let trace = AttentionEvictorsTests.trace(seed: UInt64(seed))
      for (weight, sinks) in [(1.0, 2), (0.0, 0), (2.0, 5)] {
        let naive = Naive(trace: trace, ratio: ratio, lag: lag, weight: weight, sinks: sinks)
        let expected = naive.sets()
        #expect(try trace.answer(naive.text).tokens == [expected, expected, expected], "\(naive.text)")
      }
    }
  }

  /// Tokens (0, 0) and (4, 1) in the range of (0, 0) and (2, 1): deviations 0 and .7071.
  @Test func scoresByHand() throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [4])
    trace.keys = [[0, 0], [4, 1], [0, 0], [2, 1], [0, 0], [0, 0]]
    let scores = HeldRows(try trace.tables(), trace.group).lagScores(
      of: [0, 1], by: [2, 3], valueWeight: 1)
    #expect(scores.count == 2 && abs(scores[0] - 0.3302) < 1e-4 && abs(scores[1] - 0.6698) < 1e-4)
    trace.promptTokens = 4
    #expect(try trace.answer("lagkv:lag=2,sinks=0").tokens == [[[1, 2, 3, 4]]])
  }

  /// The step that completes a partition attends to all, and what goes is gone at the next one.
  @Test func attendsBeforeItDrops() throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [3, 4])
    trace.keys = [[0, 0], [4, 1], [0, 0], [2, 1], [0, 0], [0, 0]]
    trace.promptTokens = 3
    #expect(try trace.answer("lagkv:lag=2,sinks=0").tokens == [[[0, 1, 2, 3], [1, 2, 3, 4]]])
  }

  /// 2 sinks, half of 3 partitions of 4, the last whole one with a tail of 2, and the new token.
  @Test func sizesByHand() throws {
    let answer = try AttentionEvictorsTests.trace().answer("lagkv:lag=4,sinks=2")
    #expect(answer.tokens[0][0].count == 2 + 3 * 2 + 6 + 1)
  }

  /// Two partitions of two tokens, 8 channels of 2 bytes each of key and value, once; the prompt's are not charged.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [3, 4]).complete(prompt: 3, window: 2)
    #expect(
      try trace.answer("lagkv:lag=2,sinks=0").work.bytes == [
        .init(.keys, .stream): TrafficBytes(readPerHead: 64, readGroupUnion: 64),
        .init(.values, .stream): TrafficBytes(readPerHead: 64, readGroupUnion: 64),
      ])
    let prompt = SmallTrace(positions: [5]).complete(prompt: 5, window: 2)
    #expect(try prompt.answer("lagkv:lag=2,sinks=1").work.bytes.isEmpty)
  }
}
