import Attention
import Testing

@testable import Policies

/// Quest and the policies that share its pages.
@Suite struct QuestTests {
  static let trace = SmallTrace(heads: 3, positions: [0, 5, 20, 21, 47, 60])
  static let windowed = SmallTrace(heads: 2, positions: [9, 30, 47], window: 21, seed: 4)

  /// Σ_c max(q_c · min_c, q_c · max_c) over the tokens of a page.
  static func bound(_ trace: SmallTrace, _ head: Int, _ step: Int, _ page: Range<Int>) -> Double {
    // A page that a sliding window cuts is bounded by all its keys.
    let all = page.lowerBound..<page.upperBound
    return (0..<trace.headDim).reduce(0) { sum, c in
      let q = Double(trace.queries[head][step][c])
      let values = all.map { Double(trace.keys[$0][c]) }
      return sum + max(q * (values.min() ?? 0), q * (values.max() ?? 0))
    }
  }

  @Test(arguments: [1, 3, 4, 16], [Budget.tokens(1), .tokens(12), .tokens(33), .share(0.4)])
  func keepsThePagesOfHighestBound(size: Int, budget: Budget) throws {
    for trace in [Self.trace, Self.windowed] {
      for (scope, least) in [("head", 1), ("head", 3), ("group", 2)] {
        let answer = try trace.answer(
          "quest:page=\(size),scope=\(scope),least-pages=\(least)", budget: budget)
        for head in trace.queries.indices {
          for step in trace.steps.indices {
            let k = budget.tokens(visible: trace.steps[step].visible.count)
            let voters = scope == "group" ? Array(trace.queries.indices) : [head]
            let expected = Self.choose(trace, step: step, k: k, size: size, least: least) { page in
              voters.reduce(0) { $0 + Self.bound(trace, $1, step, page) }
            }
            #expect(
              answer.tokens[head][step] == expected, "\(size) \(budget) \(scope) \(least) \(head) \(step)")
          }
        }
      }
    }
  }

  /// The best whole pages within k, `least` at least; what exceeds k is cut from the last by score.
  static func choose(
    _ trace: SmallTrace, step: Int, k: Int, size: Int, least: Int, by value: (Range<Int>) -> Double
  ) -> [Int] {
    let visible = trace.steps[step].visible
    if k >= visible.count { return Array(visible) }
    let pages = trace.pages(step: step, size: size)
    let ranked = pages.indices.sorted { (value(pages[$0]), $1) > (value(pages[$1]), $0) }
    let tokens = ranked.prefix(max(k / size, least)).sorted().flatMap { pages[$0].filter(visible.contains) }
    if tokens.count <= k { return tokens }
    return ranked.prefix(max(k / size, least)).flatMap { pages[$0].filter(visible.contains) }.prefix(k)
      .sorted()
  }

  @Test(arguments: [Budget.tokens(1), .tokens(7), .share(0.3)]) func aPageOfOneTokenIsTheOracle(
    budget: Budget
  ) throws {
    for trace in [Self.trace, Self.windowed] {
      for common in ["sinks=0", "sinks=2,recent=3"] {
        let oracle = try trace.answer("oracle:\(common)", budget: budget).tokens
        #expect(try trace.answer("quest:page=1,\(common)", budget: budget).tokens == oracle)
        #expect(try trace.answer("quest-meanstd:page=1,\(common)", budget: budget).tokens == oracle)
      }
    }
  }

  /// Keys of one channel: pages of two hold (1, 9), (5, 5), (-7, 2), (3).
  @Test func aHandWorkedCase() throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [6])
    trace.keys = [[1, 0], [9, 0], [5, 0], [5, 0], [-7, 0], [2, 0], [3, 0]] + [[0, 0]]
    trace.queries = [[[1, 0]]]
    let up = "quest:page=2,least-pages=1"
    #expect(try trace.answer(up, budget: .tokens(2)).tokens == [[[0, 1]]])
    #expect(try trace.answer(up, budget: .tokens(5)).tokens == [[[0, 1, 2, 3]]])
    trace.queries = [[[-1, 0]]]
    #expect(try trace.answer(up, budget: .tokens(3)).tokens == [[[4, 5]]])
    // Bounds 7, -1, -3, -5: of three pages two fit whole, and the third is cut.
    #expect(try trace.answer("quest:page=2", budget: .tokens(5)).tokens == [[[0, 1, 4, 5, 6]]])
  }

  /// Centre and deviation of a page's keys, as each page policy has them.
  static func cuboid(_ trace: SmallTrace, _ page: Range<Int>, _ kind: String) -> [(
    centre: Double, spread: Double
  )] {
    (0..<trace.headDim).map { c in
      let values = page.map { trace.key($0)[c] }
      let mean = values.reduce(0, +) / Double(values.count)
      let centre = kind == "midrange" ? ((values.max() ?? 0) + (values.min() ?? 0)) / 2 : mean
      let off = values.map { abs($0 - centre) }
      return (
        centre,
        kind == "standard"
          ? (off.reduce(0) { $0 + $1 * $1 } / Double(off.count)).squareRoot()
          : off.reduce(0, +) / Double(off.count)
      )
    }
  }

  @Test(arguments: [
    ("quest-meanstd:page=4,least-pages=1,spread=2", "standard"),
    ("arkvale:page=4,sink-pages=0,window-pages=0,scope=head", "midrange"),
    ("arkvale:page=4,sink-pages=0,window-pages=0,scope=head,digest=mean", "mean"),
    ("arkvale:page=4,sink-pages=0,window-pages=0,scope=group", "midrange"),
    ("arkvale:page=4,sink-pages=0,window-pages=0", "midrange"),
  ])
  func spreadPagesScoreByCentreAndDeviation(text: String, kind: String) throws {
    let trace = Self.trace
    let answer = try trace.answer(text, budget: .tokens(9))
    let isShared = text.hasPrefix("arkvale") && !text.contains("scope=head")
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        guard trace.steps[step].visible.count > 9 else {
          #expect(answer.tokens[head][step] == Array(trace.steps[step].visible))
          continue
        }
        let pages = trace.pages(step: step, size: 4)
        let chosen = pages.filter { !Set(answer.tokens[head][step]).isDisjoint(with: $0) }
        let whole = chosen.flatMap { Array($0) }
        #expect(Set(answer.tokens[head][step]).isSubset(of: whole))
        #expect(chosen.count == 2)
        #expect(
          areBest(chosen, of: pages) { page in
            let cuboid = Self.cuboid(trace, page, kind)
            return (isShared ? Array(trace.queries.indices) : [head]).reduce(0) { sum, voter in
              let q = trace.query(voter, step)
              return sum + dot(q, cuboid.map(\.centre))
                + (kind == "standard" ? 2 : 1) * dot(q.map(abs), cuboid.map(\.spread))
            }
          })
      }
    }
  }

  /// Pages of keys (0, 0, 0, 5) and (4, 4, 4, 4): the first may hold a score of 5, and by its mean one of 3.125.
  @Test(arguments: [("midrange", [0, 1, 2, 3]), ("mean", [4, 5, 6, 7])])
  func arkValesCuboidReachesFarKeys(digest: String, page: [Int]) throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [8])
    trace.keys = [0, 0, 0, 5, 4, 4, 4, 4, 0, 0].map { [$0, 0] }
    trace.queries = [[[1, 0]]]
    let answer = try trace.answer(
      "arkvale:page=4,sink-pages=0,window-pages=0,digest=\(digest)", budget: .tokens(4))
    #expect(answer.tokens == [[page]])
  }

  /// Two KV heads of one head each: 10 and 0 against 0 and 12 for the pages, which are 10 and 12 in sum.
  @Test(arguments: [
    ("layer", [[2, 3], [2, 3]]), ("group", [[0, 1], [2, 3]]), ("head", [[0, 1], [2, 3]]),
  ])
  func arkValeChoosesForALayer(scope: String, expected: [[Int]]) throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [4])
    trace.keys = [[10, 0], [10, 0], [0, 12], [0, 12], [0, 0], [0, 0]]
    let configuration = try #require(
      PolicyGrammar.parse(["arkvale:page=2,sink-pages=0,window-pages=0,scope=\(scope)"]).first)
    var policy = try #require(try configuration.policy(for: trace.group) as? any LayerPolicy)
    try policy.begin(layer: [trace.group, trace.group])
    let views = try [[1, 0], [0, 1]].map { query -> QueryBlock in
      trace.queries = [[query]]
      return QueryBlock(try trace.block(), budgets: [2])
    }
    let chosen = try policy.select(layer: views)
    #expect(chosen.map { $0.map { $0[0].map(Int.init) } ?? [] } == expected)
    // Each KV head fetches its own rows of a page.
    let row = 2 * (2 * 2 + 2 * 2)
    for view in views {
      #expect(
        view.work.bytes[.init(.keys, .gather(rowBytes: row), tier: .host)]
          == TrafficBytes(readPerHead: row, readGroupUnion: row))
    }
  }

  @Test func arkValeKeepsItsFirstAndLastPages() throws {
    let answer = try Self.trace.answer("arkvale:page=4,sink-pages=1,window-pages=2", budget: .tokens(20))
    for head in answer.tokens {
      #expect(Set(head[5]).isSuperset(of: Array(0...3) + Array(56...60)))
      #expect(head[5].count == 4 + 5 + 8)
    }
  }

  /// Two heads, 8 channels of 2 bytes, steps that see 5 and 6 tokens: 2 and 2 pages of 4.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [4, 5])
    let bounds = 2 * 8 * 2
    #expect(
      try trace.answer("quest:page=4", budget: .tokens(4)).work.bytes == [
        .init(.metadata, .stream): TrafficBytes(
          readPerHead: 4 * bounds * 2, readGroupUnion: 4 * bounds, written: 2 * bounds),
        .init(.scores, .stream): TrafficBytes(
          readPerHead: 4 * 4 * 2, readGroupUnion: 4 * 4 * 2, written: 4 * 4 * 2),
      ])
    let policy = try PolicyConfiguration(Quest.self).policy(for: trace.group)
    #expect(policy.residentExtraBytes(tokens: 33) == (3 * bounds, 0))
  }

  /// Pages of 2 at a budget of 2: what the step before did not hold crosses the link, but for the last page.
  @Test func arkValeFetchesWhatItDoesNotHold() throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [4, 5, 6])
    trace.keys = [[9, 0], [9, 0], [0, 9], [0, 9], [0, 0], [0, 0], [0, 0], [0, 0]]
    trace.queries = [[[1, 0], [1, 0], [0, 1]]]
    let answer = try trace.answer("arkvale:page=2,sink-pages=0,window-pages=0", budget: .tokens(2))
    #expect(answer.tokens == [[[0, 1], [0, 1], [2, 3]]])
    let row = 2 * (2 * 2 + 2 * 2)
    #expect(
      answer.work.bytes[.init(.keys, .gather(rowBytes: row), tier: .host)]
        == TrafficBytes(readPerHead: 2 * row, readGroupUnion: 2 * row))
  }
}
