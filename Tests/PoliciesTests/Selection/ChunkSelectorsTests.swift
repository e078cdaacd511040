import Attention
import Testing

@testable import Policies

/// InfLLM and ShadowKV: blocks and chunks, with tokens that are always kept.
@Suite struct ChunkSelectorsTests {
  static let trace = SmallTrace(heads: 3, positions: [30, 31, 47, 60]).complete(prompt: 30, window: 4)

  /// Pages that a row chose beyond the tokens that are always kept.
  static func chosen(_ trace: SmallTrace, _ tokens: [Int], step: Int, size: Int, middle: Range<Int>)
    -> [Range<Int>]
  {
    trace.pages(step: step, size: size).map { $0.clamped(to: middle) }
      .filter { !$0.isEmpty && !Set(tokens).isDisjoint(with: $0) }
  }

  @Test(arguments: [1, 64]) func infLLMScoresBlocksByTheirRepresentatives(distance: Int) throws {
    let trace = Self.trace
    let text =
      "infllm:block=5,representatives=2,local-share=0.3,initial-share=0.1,distance=\(distance),scope=head"
    let answer = try trace.answer(text, budget: .tokens(20))
    // The mean query of the window, turned back, then on by each distance and averaged.
    let back = (0..<3).flatMap { head in
      trace.windowPositions.indices.map {
        trace.turned(trace.windowQueries[head][$0].map(Double.init), by: -trace.windowPositions[$0])
      }
    }
    let expected = mean((1...distance).map { trace.turned(mean(back), by: $0) })
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        let end = trace.steps[step].visible.upperBound
        let tokens = answer.tokens[head][step]
        #expect(Set(tokens).isSuperset(of: [0, 1] + Array(end - 6..<end)))
        // 20 tokens less 2 first and 6 last ones: two blocks of 5.
        let middle = 2..<end - 6
        let pages = trace.pages(step: step, size: 5).filter { !$0.clamped(to: middle).isEmpty }
        let mine = pages.filter { page in
          page.clamped(to: middle).allSatisfy(tokens.contains)
        }
        #expect(mine.count == 2)
        #expect(
          areBest(mine, of: pages, tolerance: 1e-3) { page in
            let ranked = page.sorted {
              dot(expected, trace.turned(trace.key($0), by: -$0))
                > dot(expected, trace.turned(trace.key($1), by: -$1))
            }
            return dot(trace.query(head, step), mean(ranked.prefix(2).map(trace.key)))
          })
      }
    }
  }

  /// A flat softmax, so that a chunk that one head favours and one that all like a little differ.
  @Test(arguments: [1, 2, 3, 4] as [UInt64], [0.0625, 0.004] as [Float])
  func shadowKVKeepsOutliersLocalChunksAndTheBestLandmarks(seed: UInt64, scale: Float) throws {
    var trace = SmallTrace(heads: 3, positions: [30, 31, 47, 60], seed: seed).complete(prompt: 30, window: 4)
    trace.scale = scale
    let answer = try trace.answer(
      "shadowkv:chunk=4,outliers=9,outlier-share=0.2,local=2", budget: .tokens(40))
    // Chunks of the prompt by the least cosine between a key and their mean: 40 · 0.2 / 4 = 2 of them.
    let cosines = (0..<7).map { chunk -> Double in
      let keys = (chunk * 4..<chunk * 4 + 4).map(trace.key)
      return keys.map { dot($0, mean(keys)) / max(length($0) * length(mean(keys)), 1e-30) }.min() ?? 0
    }
    let outliers = best(Array(0..<7), 2) { -cosines[$0] }
    for step in trace.steps.indices {
      let end = trace.steps[step].visible.upperBound
      let k = min(40, end)
      guard k < end else {
        #expect(answer.tokens[0][step] == Array(0..<end))
        continue
      }
      let tokens = Set(answer.tokens[0][step])
      #expect(answer.tokens.allSatisfy { $0[step] == answer.tokens[0][step] })
      let local = (end - 1) / 4 * 4 - 4..<end
      #expect(tokens.isSuperset(of: local))
      let whole = trace.pages(step: step, size: 4).filter { $0.upperBound <= local.lowerBound }
      if k == 40 { for chunk in outliers { #expect(tokens.isSuperset(of: chunk * 4..<chunk * 4 + 4)) } }
      let rest = whole.filter { k < 40 || !outliers.contains($0.lowerBound / 4) }
      let mine = rest.filter { tokens.isSuperset(of: $0) }
      let worth = (0..<3).map { head -> [Range<Int>: Double] in
        // Outliers and local chunks do not compete.
        let scores = rest.map { dot(trace.query(head, step), mean($0.map(trace.key))) }
        return Dictionary(uniqueKeysWithValues: zip(rest, softmax(scores, Double(trace.scale))))
      }
      #expect(areBest(mine, of: rest, tolerance: 1e-6) { page in worth.map { $0[page] ?? 0 }.max() ?? 0 })
      #expect(answer.tokens[0][step].count <= k)
    }
  }

  /// Chunks A, B and a local one with logits (2, 0, 5) and (0, 1, 0): among all three B's .58 of the second head beats A's .21;
  /// of A and B alone, A has .88 of the first and B .73 of the second.
  @Test func shadowKVsLocalChunksDoNotCompete() throws {
    var trace = SmallTrace(heads: 2, headDim: 2, positions: [2]).complete(prompt: 2, window: 1)
    trace.scale = 1
    trace.keys = [[2, 0], [0, 1], [5, 0]] + Array(repeating: [0, 0], count: 5)
    trace.queries = [[[1, 0]], [[0, 1]]]
    let answer = try trace.answer("shadowkv:chunk=1,outliers=0,local=1", budget: .tokens(2))
    #expect(answer.tokens == [[[0, 2]], [[0, 2]]])
  }

  /// Two heads, 8 channels of 2 bytes, steps that see 5 and 6 tokens: 2 and 2 chunks of 4, read once for the group.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [4, 5]).complete(prompt: 4, window: 2)
    for (text, row) in [("shadowkv:chunk=4", 16), ("infllm:block=4,representatives=3", 16)] {
      #expect(
        try trace.answer(text, budget: .tokens(4)).work.bytes[.init(.metadata, .stream)]
          == TrafficBytes(readPerHead: 4 * row * 2, readGroupUnion: 4 * row, written: 2 * row))
    }
    #expect(try PolicyConfiguration(ShadowKV.self).policy(for: trace.group).cacheTier == .host)
    #expect(try PolicyConfiguration(InfLLM.self).policy(for: trace.group).cacheTier == .host)
  }
}
