import Attention
import Testing

@testable import Policies

/// Evictors that look at attention, against loops in double precision.
@Suite struct AttentionEvictorsTests {
  static let budgets: [Budget] = [.tokens(1), .tokens(2), .tokens(9), .tokens(15), .share(0.4), .tokens(100)]

  static func trace(seed: UInt64 = 1) -> SmallTrace {
    SmallTrace(heads: 3, positions: Array(20..<44), seed: seed).complete(prompt: 20, window: 6)
  }

  static func each(_ body: (SmallTrace, Budget, [Int]) throws -> Void) throws {
    for seed in 1...3 {
      let trace = trace(seed: UInt64(seed))
      for budget in budgets { try body(trace, budget, budget.tokens(of: trace.steps)) }
    }
  }

  @Test(arguments: [false, true]) func h2o(hasPromptAttention: Bool) throws {
    try Self.each { trace, budget, k in
      var trace = trace
      if hasPromptAttention {
        trace.promptAttention = trace.queries.indices.map { head in
          (0..<20).map { Float(($0 * 7 + head) % 11) }
        }
      }
      let naive = NaiveEviction(trace: trace)
      let heads = try trace.answer("h2o", budget: budget).tokens
      for head in trace.queries.indices { #expect(heads[head] == naive.h2o(heads: [head], k), "\(budget)") }
      let group = naive.h2o(heads: [0, 1, 2], k)
      let shared = try trace.answer("h2o:scope=group", budget: budget).tokens
      #expect(shared == [group, group, group])
    }
  }

  @Test func tovaKeepsOneSetPerLayer() throws {
    try Self.each { trace, budget, k in
      let expected = NaiveEviction(trace: trace).tova(k)
      let found = try trace.answer("tova", budget: budget).tokens
      #expect(found == [expected, expected, expected])
    }
  }

  @Test(arguments: [1, 3, 256]) func scissorhands(window: Int) throws {
    try Self.each { trace, budget, k in
      let naive = NaiveEviction(trace: trace, recent: 3)
      let heads = try trace.answer("scissorhands:window=\(window),recent=3", budget: budget).tokens
      for head in trace.queries.indices {
        #expect(heads[head] == naive.scissorhands(heads: [head], window: window, k), "\(budget)")
      }
    }
  }

  @Test(arguments: [(2, 1, "max"), (4, 3, "max"), (4, 5, "mean"), (6, 7, "max"), (32, 7, "max")])
  func snapKV(window: Int, kernel: Int, pooling: String) throws {
    try Self.each { trace, budget, k in
      let naive = NaiveEviction(trace: trace, sinks: 2)
      func sets(_ heads: [Int]) -> [[Int]] {
        naive.snapKV(heads: heads, window: window, kernel: kernel, isMax: pooling == "max", k)
      }
      let text = "snapkv:window=\(window),kernel=\(kernel),pooling=\(pooling),sinks=2"
      let expected = [sets([0]), sets([1]), sets([2])]
      let found = try trace.answer(text, budget: budget).tokens
      #expect(found == expected)
      let group = sets([0, 1, 2])
      let shared = try trace.answer(text + ",scope=group", budget: budget).tokens
      #expect(shared == [group, group, group])
    }
  }

  /// Half of the layers above the middle of the model and half below: budgets fall from 2k - k/β towards k/β, where there are
  /// 2k tokens.
  @Test(arguments: [0, 3, 7]) func pyramidKVGivesEarlyLayersMore(layer: Int) throws {
    var trace = Self.trace()
    trace.layer = layer
    trace.agreement = SmallTrace.agreement(layer: layer, chunks: 4, slices: .rope, pairing: .half)
    trace.promptTokens = 40
    // k 20, β 10: 38 at the first of 8 layers, and ⌊36 / 7⌋ fewer a layer; 20 in all where fewer than 40 are seen.
    let answer = try trace.answer("pyramidkv:base=fasa,beta=10", budget: .tokens(20))
    for (step, tokens) in answer.tokens[0].enumerated() {
      #expect(tokens.count == (trace.steps[step].visible.count < 40 ? 20 : 38 - 5 * layer))
    }
  }

  @Test func pyramidKVLeavesTheWindowAlone() throws {
    var trace = Self.trace()
    trace.layer = 0
    trace.promptTokens = 100
    // Budgets of 40 with a window of 32: 8 are shared out, and the first layer gets 32 + 16.
    let policy = try PolicyGrammar.parse(["pyramidkv"])[0].policy(for: trace.group)
    let steps = [Step(index: 0, position: 99, visible: 0..<100)]
    #expect(policy.budgets(of: steps, asked: .tokens(40)) == [48])
    #expect(policy.budgets(of: steps, asked: .tokens(20)) == [20])
  }

  /// One token of head 1 holds nearly all attention: floor 1 shares evenly, floor 0 follows the votes.
  @Test func adaKVSharesByVotes() throws {
    let trace = Self.trace()
    let naive = NaiveEviction(trace: trace)
    let values = (0..<3).map { naive.snapValues(heads: [$0], window: 4, kernel: 1, isMax: true) }
    for (floor, k) in [(0.0, 10), (0.2, 10), (1.0, 10), (0.2, 14)] {
      let answer = try trace.answer("adakv:window=4,kernel=1,floor=\(floor)", budget: .tokens(k))
      let free = k - 4
      var pool: [(head: Int, vote: Double)] = []
      for head in 0..<3 { for vote in values[head].prefix(16) { pool.append((head, vote)) } }
      pool.sort { $0.vote != $1.vote ? $0.vote > $1.vote : $0.head < $1.head }
      for head in 0..<3 {
        let won = Double(pool.prefix(3 * free).filter { $0.head == head }.count)
        let share = 4 + (1 - floor) * won + floor * Double(free)
        let count = answer.tokens[head][0].count
        #expect(abs(Double(count) - share) < 1)
        let budgets = Array(repeating: count, count: trace.steps.count)
        let expected = naive.sets(budgets, value: { token, _ in values[head][token] })
        #expect(answer.tokens[head] == expected)
      }
      let total = answer.tokens.map { $0[0].count }.reduce(0, +)
      #expect(total == 3 * k)
    }
  }

  /// Traced queries that lie outside the window do not vote, and the window's place is not the earliest tokens'.
  @Test func withoutVotesTheMostRecentStay() throws {
    var trace = Self.trace()
    trace.windowPositions = [2, 3, 4]
    trace.windowQueries = trace.windowQueries.map { Array($0.prefix(3)) }
    for name in [
      "snapkv:window=4", "snapkv:window=4,pooling=mean", "tova", "adakv:window=4", "chunkkv:window=4",
    ] {
      #expect(try trace.answer(name, budget: .tokens(6)).tokens[0][0] == Array(15...20), "\(name)")
    }
  }

  /// Sinks are the text's first tokens: what is oldest after a window of 8 has left them behind is none.
  @Test(arguments: ["h2o", "scissorhands", "knorm"]) func aSlidingWindowLeavesTheSinksBehind(name: String)
    throws
  {
    let trace = SmallTrace(heads: 1, positions: Array(5..<30), window: 8, seed: 4)
    let naive = NaiveEviction(trace: trace, sinks: 3, recent: 1)
    let budgets = trace.steps.map { min(5, $0.visible.count) }
    let found = try trace.answer("\(name):sinks=3", budget: .tokens(5)).tokens[0]
    if name == "knorm" {
      #expect(found == naive.sets(budgets) { token, _ in -length(trace.key(token)) })
    }
    // Tokens 3, 4, 5 were the oldest for five steps: not all of them stay that long.
    for (step, tokens) in found.enumerated() where trace.steps[step].visible.lowerBound == 3 {
      #expect(Set([0, 1, 2]).isDisjoint(with: tokens))
    }
    #expect(found.contains { Array($0.prefix(3)) != Array($0[0]..<$0[0] + 3) })
  }

  @Test func theLastQueriesAloneAreTheSame() throws {
    let trace = Self.trace()
    let prompt = try trace.prompt(trace.tables())
    for head in 0..<3 {
      let all = prompt.windowAttention(head: head)
      #expect(all.count == 6 && prompt.windowAttention(head: head, last: 2) == Array(all.suffix(2)))
      #expect(prompt.accumulatedAttention(head: head) == all.summed)
      for (query, weights) in all.enumerated() {
        let naive = trace.windowAttention(head: head, query)
        #expect(weights.indices.allSatisfy { abs(Double(weights[$0]) - (naive[$0] ?? 0)) < 1e-6 })
      }
    }
  }

  @Test func withoutAWindowTheMostRecentStay() throws {
    let trace = SmallTrace(heads: 1, positions: [9, 10])
    for name in ["h2o", "tova", "scissorhands:recent=1", "snapkv"] {
      #expect(try trace.answer(name, budget: .tokens(3)).tokens[0][0] == [7, 8, 9], "\(name)")
    }
  }

  /// Two heads that hold 3 tokens each at two steps.
  @Test func stateByHand() throws {
    let trace = SmallTrace(positions: [9, 10])
    func state(_ name: String) throws -> TrafficBytes? {
      try trace.answer(name, budget: .tokens(3)).work.bytes[.init(.state, .stream)]
    }
    #expect(try state("h2o") == TrafficBytes(readPerHead: 48, readGroupUnion: 48, written: 48))
    #expect(try state("h2o:scope=group") == TrafficBytes(readPerHead: 24, readGroupUnion: 24, written: 24))
    #expect(try state("scissorhands") == TrafficBytes(readPerHead: 24, readGroupUnion: 24, written: 24))
    #expect(try state("tova") == TrafficBytes(readPerHead: 24, readGroupUnion: 24, written: 24))
    #expect(try state("knorm") == TrafficBytes(readPerHead: 24, readGroupUnion: 24, written: 8))
    #expect(try state("snapkv") == nil)
  }

  /// Three heads of 8 channels at the last of the steps, which sees 44 tokens of which 20 are the prompt's.
  @Test(arguments: [
    ("h2o", 9, 3 * 9 * 4), ("h2o:scope=group", 9, 9 * 4), ("tova", 9, 9 * 4), ("knorm", 9, 9 * 4),
    ("scissorhands:window=3", 9, 3 * 9 * 2 + 3 * 4), ("keydiff", 9, 8 * 4), ("r-kv:window=3", 9, 3 * 9 * 4),
    ("triattention", 9, 9 * 4), ("snapkv", 9, 0), ("snapkv", 30, 3 * 6 * 4),
    ("snapkv:scope=group", 30, 6 * 4),
    ("adakv:window=4,floor=1", 30, 3 * 6 * 4), ("expected-attention", 30, 6 * 4), ("streaming-llm", 9, 0),
    ("lazy-eviction:window=3", 9, 3 * 9 * 8), ("lagkv:lag=3,sinks=1", 9, 0), ("chunkkv", 9, 0),
    ("raas:page=1", 9, 3 * 9 * 4),
    ("raas:page=4,scope=group", 9, 2 * 4 + 2 * 32),
    ("chunkkv:window=4,chunk=2", 30, 3 * 4),
  ])
  func stateThatStays(text: String, k: Int, bytes: Int) throws {
    let trace = Self.trace()
    var policy = try #require(PolicyGrammar.parse([text]).first).policy(for: trace.group)
    let tables = try trace.tables()
    if var layerPolicy = policy as? any LayerPolicy {
      try layerPolicy.begin(layer: [trace.group])
      policy = layerPolicy
    }
    try policy.observe(trace.prompt(tables))
    let block = try trace.block(tables: tables)
    _ = try policy.choose(QueryBlock(block, budgets: policy.budgets(of: block.steps, asked: .tokens(k))))
    let (device, host) = policy.residentExtraBytes(tokens: 44)
    #expect(device == bytes && host == 0)
  }

  /// Ten tokens fit; the eleventh has one go.
  @Test func whereNothingMustGoNothingIsCompared() throws {
    let trace = SmallTrace(positions: [9, 10])
    let norms = try trace.answer("knorm", budget: .tokens(10)).work.bytes
    #expect(norms == [.init(.state, .stream): TrafficBytes(readPerHead: 40, readGroupUnion: 40, written: 8)])
    let keys = try trace.answer("keydiff", budget: .tokens(10)).work.bytes[.init(.keys, .stream)]
    #expect(keys == TrafficBytes(readPerHead: 160, readGroupUnion: 160))
    #expect(try trace.answer("keydiff", budget: .tokens(20)).work.bytes[.init(.keys, .stream)] == nil)
  }
}
