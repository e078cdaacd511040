import Attention
import Testing

@testable import Policies

/// RaaS against loops in double precision, and cases worked out from the authors' code.
@Suite struct RaaSTests {
  struct Naive {
    let trace: SmallTrace
    var page = 4
    var alpha = 1e-4
    var isRanked = false
    var sinks = 0
    var recent = 0

    var text: String {
      "raas:page=\(page),alpha=\(alpha),stamps=\(isRanked ? "rank" : "alpha"),sinks=\(sinks),recent=\(recent)"
    }

    /// The sets of query heads that share one.
    func sets(_ heads: [Int], _ budgets: [Int]) -> [[Int]] {
      let naive = NaiveEviction(trace: trace, sinks: sinks)
      let prior = prior(heads)
      var held: [Int] = []
      var stamps: [Int: Int] = [:]
      return trace.steps.indices.map { step in
        let (k, newest) = (budgets[step], trace.steps[step].position)
        naive.join(&held, step)
        let first = newest + 1 - max(1, recent)
        var free = Set(held.map { $0 / page }).filter { number in
          let tokens = number * page..<(number + 1) * page
          return !tokens.contains { $0 < sinks || $0 >= first }
        }
        while held.count > k, !free.isEmpty {
          let oldest = free.map { stamps[$0] ?? 0 }.min() ?? 0
          let equals = free.filter { (stamps[$0] ?? 0) == oldest }.sorted()
          let least = equals.map { step == 0 ? prior[$0] ?? 0 : 0 }.min() ?? 0
          let victim = equals.first { (step == 0 ? prior[$0] ?? 0 : 0) == least } ?? 0
          held.removeAll { $0 / page == victim }
          free.remove(victim)
        }
        naive.drop(&held, to: k, recent: max(1, recent)) { Double($0) }
        for number in important(heads, step, held, k) { stamps[number] = newest + 1 }
        return held
      }
    }

    /// The last query's attention to each page's best token.
    private func prior(_ heads: [Int]) -> [Int: Double] {
      var sums: [Int: Double] = [:]
      for head in heads {
        for (token, weight) in trace.windowAttention(head: head, trace.windowPositions.count - 1) {
          sums[token, default: 0] += weight
        }
      }
      var pages: [Int: Double] = [:]
      for (token, weight) in sums { pages[token / page] = max(pages[token / page] ?? 0, weight) }
      return pages
    }

    private func important(_ heads: [Int], _ step: Int, _ held: [Int], _ k: Int) -> [Int] {
      let pages = Set(held.map { $0 / page }).sorted()
      let scores = heads.map { head -> [Double] in
        if page == 1 {
          let weights = trace.attention(trace.query(head, step), over: held)
          return pages.map { weights[$0] ?? 0 }
        }
        return pages.map { number in
          let end = min((number + 1) * page, trace.steps[step].position + 1)
          return QuestTests.bound(trace, head, step, number * page..<end)
        }
      }
      if isRanked {
        let sums = sum(scores)
        let order = pages.indices.sorted { sums[$0] != sums[$1] ? sums[$0] > sums[$1] : $0 < $1 }
        return order.prefix(max(1, k / page / 2)).map { pages[$0] }
      }
      let weights = mean(scores.map { page == 1 ? $0 : softmax($0, 1) })
      return pages.indices.filter { weights[$0] > alpha }.map { pages[$0] }
    }
  }

  @Test(arguments: [1, 3, 4, 16], [false, true]) func dropsThePageOfTheOldestStamp(page: Int, isRanked: Bool)
    throws
  {
    try AttentionEvictorsTests.each { trace, budget, k in
      for (alpha, sinks, recent) in [(1e-4, 0, 0), (0.03, 2, 3)] {
        let naive = Naive(
          trace: trace, page: page, alpha: alpha, isRanked: isRanked, sinks: sinks, recent: recent)
        let expected = trace.queries.indices.map { naive.sets([$0], k) }
        let found = try trace.answer(naive.text, budget: budget).tokens
        #expect(found == expected, "\(naive.text) \(budget)")
        let group = naive.sets(Array(trace.queries.indices), k)
        let shared = try trace.answer(naive.text + ",scope=group", budget: budget).tokens
        #expect(shared == [group, group, group], "\(naive.text) \(budget)")
      }
    }
  }

  /// Pages of two with highest numbers 8, 2, 4, 9 and 6, in the order 3, 0, 4, 2, 1: of a budget of four pages the best two
  /// are stamped, and page 1 is the first of those that never were. Then pages 2 and 4 are stamped, and of 0 and 3, which have
  /// the oldest stamp, the first goes.
  @Test func aHandWorkedCase() throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [8, 9, 10, 11])
    trace.keys = [[8, 0], [0, 0], [2, 0], [0, 0], [4, 8], [0, 0], [9, 0], [0, 0], [6, 9]]
    trace.keys += [[0, 0], [0, 0], [0, 0], [0, 0]]
    trace.queries = [[[1, 0], [0, 1], [0, 1], [0, 1]]]
    #expect(
      try trace.answer("raas:page=2,stamps=rank", budget: .tokens(9)).tokens == [
        [
          Array(0...8), [0, 1, 4, 5, 6, 7, 8, 9], [0, 1, 4, 5, 6, 7, 8, 9, 10], [4, 5, 6, 7, 8, 9, 10, 11],
        ]
      ])
  }

  /// Bounds 8, 2, 4, 9 and 6 have softmax weights .258, .0006, .0047, .702 and .035.
  @Test(arguments: [(0.0001, [0, 1]), (0.001, [2, 3]), (0.01, [2, 3])]) func alphaByHand(
    alpha: Double, gone: [Int]
  ) throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [8, 9])
    trace.keys = [
      [8, 0], [0, 0], [2, 0], [0, 0], [4, 0], [0, 0], [9, 0], [0, 0], [6, 0], [0, 0], [0, 0],
    ]
    trace.queries = [[[1, 0], [1, 0]]]
    let rows = try trace.answer("raas:page=2,alpha=\(alpha)", budget: .tokens(9)).tokens[0]
    #expect(rows[1] == (0...9).filter { !gone.contains($0) })
  }

  /// Two heads of 8 channels of 2 bytes: pages of four hold tokens 4 to 9 at the first step, and 8 to 10 at the second.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [9, 10])
    let bounds = 2 * 8 * 2
    let answer = try trace.answer("raas:page=4", budget: .tokens(6))
    #expect(answer.tokens == [[Array(4...9), Array(8...10)], [Array(4...9), Array(8...10)]])
    #expect(
      answer.work.bytes == [
        .init(.metadata, .stream): TrafficBytes(
          readPerHead: 6 * bounds, readGroupUnion: 3 * bounds, written: 2 * bounds),
        .init(.scores, .stream): TrafficBytes(readPerHead: 24, readGroupUnion: 24, written: 24),
        .init(.state, .stream): TrafficBytes(readPerHead: 24, readGroupUnion: 24, written: 24),
      ])
    // Single tokens are stamped by the attention that is computed anyway: three of each head at two steps.
    #expect(
      try trace.answer("raas:page=1", budget: .tokens(3)).work.bytes == [
        .init(.state, .stream): TrafficBytes(readPerHead: 48, readGroupUnion: 48, written: 48)
      ])
  }
}
