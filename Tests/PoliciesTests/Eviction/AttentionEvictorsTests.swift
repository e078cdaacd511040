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

  /// Half of the layers above the middle of the model and half below: budgets fall from 2k - k/β to k/β, but what the
  /// first layer cannot hold the last ones get.
  @Test(arguments: [0, 3, 7]) func pyramidKVGivesEarlyLayersMore(layer: Int) throws {
    var trace = Self.trace()
    trace.layer = layer
    trace.agreement = SmallTrace.agreement(layer: layer, chunks: 4, slices: .rope, pairing: .half)
    // k 20, β 10: 38 at the first of 8 layers or all n that it sees, at the last 2 or 40 - n, and what falls a layer rounded down.
    let answer = try trace.answer("pyramidkv:base=fasa,beta=10", budget: .tokens(20))
    for (step, tokens) in answer.tokens[0].enumerated() {
      let most = min(38, trace.steps[step].visible.count)
      #expect(tokens.count == max(1, most - (most - (40 - most)) * layer / 7))
    }
  }

  @Test func pyramidKVLeavesTheWindowAlone() throws {
    var trace = Self.trace()
    trace.layer = 0
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
        // Rounded down, but for what the last bits of a share make of a whole number.
        let count = answer.tokens[head][0].count
        #expect(abs(Double(count) + 0.5 - share) <= 0.500_01)
        let budgets = Array(repeating: count, count: trace.steps.count)
        let expected = naive.sets(budgets, value: { token, _ in values[head][token] })
        #expect(answer.tokens[head] == expected)
      }
      let total = answer.tokens.map { $0[0].count }.reduce(0, +)
      #expect((3 * k - 2...3 * k).contains(total))
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
      try trace.answer(name, budget: .tokens(3)).ledger.bytes[.init(.state, .stream)]
    }
    #expect(try state("h2o") == TrafficBytes(readPerHead: 48, readGroupUnion: 48, written: 48))
    #expect(try state("h2o:scope=group") == TrafficBytes(readPerHead: 24, readGroupUnion: 24, written: 24))
    #expect(try state("scissorhands") == TrafficBytes(readPerHead: 24, readGroupUnion: 24, written: 24))
    #expect(try state("tova") == TrafficBytes(readPerHead: 24, readGroupUnion: 24, written: 24))
    #expect(try state("knorm") == TrafficBytes(readPerHead: 24, readGroupUnion: 24, written: 8))
    #expect(try state("snapkv") == nil)
  }
}
