import Attention
import Testing

@testable import Policies

@Suite struct InfLLMV2Tests {
  struct Sizes {
    var kernel: Int
    var stride: Int
    var block: Int
    var initial = 1

    var text: String {
      "infllm-v2:kernel-size=\(kernel),kernel-stride=\(stride),block=\(block),init-blocks=\(initial),local=0.4"
    }
  }

  /// What each block of a step is worth: the best of the windows that share a token with it, each the sum over heads of the
  /// softmax over all whole windows.
  static func worth(_ trace: SmallTrace, step: Int, _ sizes: Sizes) -> [Range<Int>: Double] {
    let visible = trace.steps[step].visible
    let windows = (0..<visible.upperBound).map { $0 * sizes.stride..<$0 * sizes.stride + sizes.kernel }
      .filter { $0.lowerBound >= visible.lowerBound && $0.upperBound <= visible.upperBound }
    let weights =
      windows.isEmpty
      ? []
      : sum(
        trace.queries.indices.map { head in
          softmax(
            windows.map { dot(trace.query(head, step), mean($0.map(trace.key))) }, Double(trace.scale))
        })
    let worth = trace.pages(step: step, size: sizes.block).map { page -> (Range<Int>, Double) in
      let whole = page.lowerBound..<page.lowerBound + sizes.block
      let touching = windows.indices.filter { windows[$0].overlaps(whole) }
      return (page, touching.map { weights[$0] }.max() ?? -1)
    }
    return Dictionary(uniqueKeysWithValues: worth)
  }

  @Test(
    arguments: [
      Sizes(kernel: 4, stride: 2, block: 8), Sizes(kernel: 4, stride: 2, block: 4, initial: 0),
      Sizes(kernel: 3, stride: 2, block: 5), Sizes(kernel: 2, stride: 3, block: 4, initial: 2),
      Sizes(kernel: 5, stride: 1, block: 3), Sizes(kernel: 32, stride: 16, block: 64),
    ], [Budget.tokens(1), .tokens(12), .tokens(25), .share(0.6)])
  func keepsFirstAndLastBlocksAndTheBestOthers(sizes: Sizes, budget: Budget) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      for (window, scale) in [(Int.max, 0.0625), (Int.max, 0.004), (21, 0.004)] as [(Int, Float)] {
        var trace = SmallTrace(heads: 3, positions: [0, 5, 20, 21, 47, 60], window: window, seed: seed)
        trace.scale = scale
        let answer = try trace.answer(sizes.text, budget: budget)
        for (index, step) in trace.steps.enumerated() {
          let tokens = answer.tokens[0][index]
          #expect(answer.tokens.allSatisfy { $0[index] == tokens })
          let (visible, k) = (step.visible, budget.tokens(visible: step.visible.count))
          guard k < visible.count else {
            #expect(tokens == Array(visible))
            continue
          }
          let first = min(sizes.initial * sizes.block, k)
          let own = (visible.upperBound - 1) % sizes.block + 1
          let blocks = max(1, Int(Double(k) * 0.4) / sizes.block)
          let last = min(own + (blocks - 1) * sizes.block, k - first)
          let middle = visible.lowerBound + first..<visible.upperBound - last
          let guarded = Array(visible.prefix(first)) + Array(visible.suffix(last))
          #expect(Set(tokens).isSuperset(of: guarded) && tokens.count <= k)
          let left = k - first - last
          let others = trace.pages(step: index, size: sizes.block).filter { $0.overlaps(middle) }
          let count = min(others.count, max(left / sizes.block, 1))
          let taken = others.filter { other in tokens.contains { other.clamped(to: middle).contains($0) } }
          // What does not fit is cut.
          if count * sizes.block > left {
            #expect(taken.count <= count)
          } else {
            #expect(taken.count == count)
            #expect(tokens == (guarded + taken.flatMap { Array($0.clamped(to: middle)) }).sorted())
          }
          let worth = Self.worth(trace, step: index, sizes)
          #expect(
            areBest(taken, of: others, tolerance: 1e-6) { worth[$0] ?? 0 },
            "\(sizes.text) \(budget) \(seed) \(window) \(scale) \(index)")
        }
      }
    }
  }

  /// Worked out from the authors' code, in the proportions of its defaults: blocks of 8 pool windows 0–3, 3–7 and 7–10.
  @Test func poolsTheWindowsThatOverlapABlock() throws {
    let trace = SmallTrace(heads: 1, positions: [23])
    let configuration = try #require(
      PolicyGrammar.parse(["infllm-v2:kernel-size=4,kernel-stride=2,block=8"]).first)
    let policy = InfLLMV2(parameters: configuration.values, group: trace.group)
    let table = WindowTable(of: try trace.tables(), size: 4, stride: 2)
    #expect(table.windows(0..<24) == 0..<11)
    let weights: [Float] = [0.1, 0.1, 0, 0.3, 0, 0, 0.2, 0.1, 0.05, 0.05, 0.1]
    #expect(
      (0..<3).map { policy.worth($0, weights, of: 0..<11, in: table) } == [0.3, 0.3, 0.1] as [Float])
    // None touches a block that lies behind them all.
    #expect(policy.worth(4, weights, of: 0..<11, in: table) == -1)
  }

  @Test func windowsOfTheDefaultsByHand() throws {
    let table = WindowTable(of: try SmallTrace(positions: [200]).tables(), size: 32, stride: 16)
    #expect(table.overlapping(0..<64) == 0..<4)
    #expect(table.overlapping(64..<128) == 3..<8)
    #expect(table.overlapping(128..<192) == 7..<12)
    #expect([0, 31, 32, 47, 48].map { WindowTable.whole($0, size: 32, stride: 16) } == [0, 0, 1, 1, 2])
    // Those that a sliding window cuts are not whole.
    #expect(table.windows(17..<80) == 2..<4)
    #expect(table.windows(17..<40) == 2..<2)
  }

  /// Tokens 2 to 5 are one window, which makes two blocks alike: the lower one.
  @Test(arguments: [(7, [0, 1, 2, 3, 12, 13, 14]), (11, [0, 1, 2, 3, 4, 5, 6, 7, 12, 13, 14])])
  func aWindowBetweenTwoBlocksMakesThemTie(k: Int, expected: [Int]) throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [14])
    trace.keys = (0..<20).map { (2...5).contains($0) ? [9, 0] : [0, 0] }
    trace.queries = [[[1, 0]]]
    let text = "infllm-v2:kernel-size=4,kernel-stride=2,block=4,init-blocks=0,local=1"
    #expect(try trace.answer(text, budget: .tokens(k)).tokens == [[expected]])
  }

  /// 96 blocks by the authors' numbers: the first, 33 last ones and 62 others.
  @Test func sharesOutTheAuthorsBudget() throws {
    let trace = SmallTrace(positions: [8200])
    let answer = try trace.answer("infllm-v2", budget: .tokens(96 * 64))
    for head in answer.tokens {
      let tokens = Set(head[0])
      #expect(tokens.isSuperset(of: 0..<64) && tokens.isSuperset(of: (128 - 32) * 64..<8201))
      #expect(tokens.count == 64 + 62 * 64 + 32 * 64 + 9)
      #expect(Set(tokens.map { $0 / 64 }).count == 96)
    }
  }

  /// Two heads, 8 channels of 2 bytes, windows of 4 every 2 tokens, of which steps that see 10 and 11 tokens see 4 each,
  /// and three blocks; the first step fills one, from 4 keys.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [9, 10])
    let text = "infllm-v2:kernel-size=4,kernel-stride=2,block=4"
    let scores = (8 + 6) * 2 * 4
    #expect(
      try trace.answer(text, budget: .tokens(4)).work.bytes == [
        .init(.metadata, .stream): TrafficBytes(
          readPerHead: 8 * 16 * 2, readGroupUnion: 8 * 16, written: 16),
        .init(.keys, .stream): TrafficBytes(readPerHead: 4 * 16, readGroupUnion: 4 * 16),
        .init(.scores, .stream): TrafficBytes(
          readPerHead: scores, readGroupUnion: scores, written: scores),
      ])
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    let policy = try configuration.policy(for: trace.group)
    #expect(policy.residentExtraBytes(tokens: 33) == (15 * 16, 0))
    #expect(policy.pieceTokens(of: trace.steps[0], budget: 4) == 4)
  }
}
