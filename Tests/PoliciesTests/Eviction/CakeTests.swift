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

/// CAKE: layers that share a budget, and what stays in each of them.
@Suite struct CakeTests {
  /// A flat softmax, so that no token's neighbours all weigh alike in 32 bits.
  static func trace(layer: Int = 3, seed: UInt64 = 1) -> SmallTrace {
    var trace = SmallTrace(heads: 3, positions: Array(20..<44), seed: seed).complete(prompt: 20, window: 6)
    trace.scale = 0.01
    trace.layer = layer
    return trace
  }

  struct Settings {
    let window: Int
    let kernel: Int
    let gamma: Double
    var tau = (1.0, 1.0)

    var text: String {
      "cake:window=\(window),kernel=\(kernel),gamma=\(gamma),tau1=\(tau.0),tau2=\(tau.1),sinks=1"
    }

    /// First token of the window.
    var start: Int { max(0, 20 - window) }

    /// Attention of the window's queries of a head to the tokens before it, `[token][query]`.
    func columns(_ trace: SmallTrace, head: Int) -> [[Double]] {
      let queries = trace.windowPositions.indices.filter { trace.windowPositions[$0] >= start }
      let rows = queries.map { trace.windowAttention(head: head, $0) }
      return (0..<start).map { token in rows.map { $0[token] ?? 0 } }
    }

    func variance(_ column: [Double]) -> Double {
      let mean = column.reduce(0, +) / Double(column.count)
      return column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, column.count - 1))
    }

    func pooled(_ scores: [Double]) -> [Double] {
      scores.indices.map { place in
        (place - kernel / 2..<place - kernel / 2 + kernel).filter(scores.indices.contains).reduce(0) {
          $0 + scores[$1]
        } / Double(kernel)
      }
    }

    func preference(_ trace: SmallTrace) -> Double {
      let columns = trace.queries.indices.flatMap { self.columns(trace, head: $0) }
      let dispersion = columns.joined().reduce(0) { $0 - $1 * log($1 + 1e-10) }
      let shift = columns.reduce(0) { $0 + variance($1) }
      return pow(dispersion, 1 / tau.0) * pow(shift, 1 / tau.1)
    }

    /// What each step attends to, by layer budgets step by step.
    func sets(_ trace: SmallTrace, _ budgets: [Int]) -> [[Int]] {
      var values = (0..<trace.keys.count).map { 1e6 + Double($0) }
      let votes = trace.queries.indices.map { head in
        pooled(
          columns(trace, head: head).map { $0.reduce(0, +) / Double($0.count) + gamma * variance($0) })
      }
      for token in 0..<start { values[token] = votes.reduce(0) { $0 + $1[token] } }
      let naive = NaiveEviction(trace: trace, sinks: 1)
      return naive.sets(budgets, recent: { _ in window }, value: { token, _ in values[token] }) {
        step, held in
        let weights = trace.queries.indices.map { head -> [Double] in
          let attention = naive.attention(head, step, held)
          return pooled(held.prefix(max(0, held.count + 1 - window)).map { attention[$0] ?? 0 })
        }
        for place in weights[0].indices { values[held[place]] = weights.reduce(0) { $0 + $1[place] } }
      }
    }
  }

  @Test(arguments: [(3, 5, 200), (6, 1, 0), (4, 3, 20), (32, 5, 200)])
  func oneLayerHasTheBudget(sizes: (window: Int, kernel: Int, gamma: Double)) throws {
    let settings = Settings(window: sizes.window, kernel: sizes.kernel, gamma: sizes.gamma)
    for seed in 1...3 {
      let trace = Self.trace(seed: UInt64(seed))
      for budget in [Budget.tokens(2), .tokens(9), .tokens(15), .share(0.4), .tokens(100)] {
        let expected = settings.sets(trace, budget.tokens(of: trace.steps))
        #expect(
          try trace.answer(settings.text, budget: budget).tokens == [expected, expected, expected],
          "\(budget)")
      }
    }
  }

  /// `[layer][head][step]`, after every layer's prompt was seen once or not.
  static func answer(_ text: String, _ layers: [SmallTrace], k: Int, surveys: Bool) throws -> [[[[Int]]]] {
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    var policy = try #require(try configuration.policy(for: layers[0].group) as? any LayerPolicy)
    for trace in layers where surveys {
      try policy.begin(layer: [trace.group])
      try policy.observe(layer: [trace.prompt(trace.tables())])
    }
    return try layers.map { trace in
      let tables = try trace.tables()
      try policy.begin(layer: [trace.group])
      try policy.observe(layer: [trace.prompt(tables)])
      let block = try trace.block(tables: tables)
      let view = QueryBlock(block, budgets: Budget.tokens(k).tokens(of: block.steps))
      let chosen = try #require(try policy.choose(layer: [view])[0])
      return trace.queries.indices.map { head in
        trace.steps.indices.map { chosen[block.row(head: head, step: $0)].map(Int.init) }
      }
    }
  }

  /// Shares of what all layers have, rounded down; what is left over goes round, a token at a time.
  static func budgets(_ preferences: [Double], mean: Int, most: Int) -> [Int] {
    let sum = preferences.reduce(0, +)
    var result = preferences.map { min(most, Int(Double(mean * preferences.count) * $0 / sum)) }
    var layer = 0
    while result.reduce(0, +) < mean * preferences.count {
      if result[layer] < most { result[layer] += 1 }
      layer = (layer + 1) % preferences.count
    }
    return result
  }

  @Test(arguments: [(1.0, 1.0), (1.6, 0.4), (0.5, 2.0)], [true, false])
  func layersShareByWhatTheyPrefer(tau: (Double, Double), surveys: Bool) throws {
    let settings = Settings(window: 4, kernel: 5, gamma: 200, tau: tau)
    var layers = [2, 3, 5].map { Self.trace(layer: $0, seed: UInt64($0)) }
    // A layer that looks at more.
    layers[1].scale = 0.002
    let preferences = layers.map(settings.preference)
    let sets = try Self.answer(settings.text, layers, k: 12, surveys: surveys)
    for (place, trace) in layers.enumerated() {
      let known = surveys ? preferences : Array(preferences.prefix(place + 1))
      let budgets = trace.steps.map { step in
        4 + Self.budgets(known, mean: 8, most: step.visible.count - 4)[place]
      }
      let expected = settings.sets(trace, budgets)
      #expect(sets[place] == [expected, expected, expected])
    }
    // On average a layer has what it was given.
    if surveys { #expect(sets.map { $0[0][5].count }.reduce(0, +) == 3 * 12) }
  }

  /// Cases worked out from the authors' code.
  @Test func budgetsByHand() {
    let logarithms = [2.0, 1, 1].map(PortableMath.log)
    #expect(LayerShares.budgets(logarithms, mean: 6, most: 100) == [10, 4, 4])
    // What a layer cannot hold the others get.
    #expect(LayerShares.budgets(logarithms, mean: 6, most: 7) == [7, 6, 5])
    #expect(LayerShares.budgets([-.infinity, -.infinity], mean: 5, most: 9) == [5, 5])
    #expect(LayerShares.budgets([0, -.infinity], mean: 4, most: 100) == [8, 0])
  }

  @Test func scoresByHand() {
    let spread = WindowSpread([[0.4, 0.2, 0.1], [0.2, 0.2, 0.2]], tokens: 3)
    let scores = zip(spread.means, spread.variances).map { $0 + 200 * $1 }
    for (found, known) in zip(scores, [4.3, 0.2, 1.15]) { #expect(abs(found - known) < 1e-5) }
  }

  @Test func preferencesByHand() {
    let even = WindowSpread([[0.5, 0.5], [0.5, 0.5]], tokens: 2)
    #expect(abs(even.dispersion - 1.386) < 1e-3 && even.variances == [0, 0])
    #expect(LayerShares.logarithm(dispersion: even.dispersion, variance: 0, 1, 1) == -.infinity)
    let uneven = WindowSpread([[0.9, 0.1], [0.1, 0.9]], tokens: 2)
    #expect(abs(uneven.dispersion - 0.650) < 1e-3)
    #expect(abs(uneven.variances.reduce(0, +) - 0.64) < 1e-6)
    let logarithm = LayerShares.logarithm(dispersion: 0.65, variance: 0.64, 1.6, 0.4)
    #expect(abs(exp(logarithm) - pow(0.65, 1 / 1.6) * pow(0.64, 2.5)) < 1e-9)
  }

  /// One set of 3 tokens at two steps: a weight of each is read and written.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [9, 10])
    #expect(
      try trace.answer("cake:window=1", budget: .tokens(3)).work.bytes == [
        .init(.state, .stream): TrafficBytes(readPerHead: 24, readGroupUnion: 24, written: 24)
      ])
    let policy = try #require(PolicyGrammar.parse(["cake:window=5"]).first)
    #expect(policy.descriptor.alwaysKeeps?(policy.values) == "the last 5 tokens")
  }

  @Test func withoutAWindowTheMostRecentStay() throws {
    let trace = SmallTrace(heads: 1, positions: [9])
    #expect(try trace.answer("cake:window=1", budget: .tokens(3)).tokens[0][0] == [7, 8, 9])
  }
}
