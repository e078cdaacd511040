import Attention
import Testing

@testable import Policies

/// Policies that let one layer choose for others: layers of one KV head each.
@Suite struct CrossLayerTests {
  /// Layers with keys and queries of their own.
  static func layers(_ numbers: [Int]) -> [SmallTrace] {
    numbers.map { number in
      var trace = SmallTrace(heads: 3, positions: Array(20..<30), seed: UInt64(number + 1)).complete(
        prompt: 20)
      trace.layer = number
      return trace
    }
  }

  /// `[layer][head][step]`; nil for everything.
  static func answer(_ text: String, _ layers: [SmallTrace], k: Int, blockSteps: Int = 4) throws
    -> [[[[Int]]]?]
  { try answer(text, layers, .tokens(k), blockSteps: blockSteps) }

  static func answer(_ text: String, _ layers: [SmallTrace], _ budget: Budget, blockSteps: Int = 4) throws
    -> [[[[Int]]]?]
  {
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    var policy = try #require(try configuration.policy(for: layers[0].group) as? any LayerPolicy)
    return try layers.map { trace in
      let tables = try trace.tables()
      try policy.begin(layer: [trace.group])
      try policy.observe(layer: [trace.prompt(tables)])
      var sets: [[[Int]]]? = trace.queries.map { _ in [] }
      for start in stride(from: 0, to: trace.steps.count, by: blockSteps) {
        let block = try trace.block(start..<min(start + blockSteps, trace.steps.count), tables: tables)
        let view = QueryBlock(
          block, budgets: budget.tokens(of: block.steps), guarded: configuration.values.guarded)
        guard let chosen = try policy.choose(layer: [view])[0] else {
          sets = nil
          continue
        }
        for head in trace.queries.indices {
          for step in block.steps.indices {
            sets?[head].append(chosen[block.row(head: head, step: step)].map(Int.init))
          }
        }
      }
      return sets
    }
  }

  @Test(arguments: [1, 4, 100]) func tidalReusesTheChoiceOfTwoLayers(blockSteps: Int) throws {
    let layers = Self.layers([0, 1, 2, 3, 4, 5, 6])
    let sets = try Self.answer("tidal:correction=5", layers, k: 6, blockSteps: blockSteps)
    for dense in [0, 1, 2, 5] { #expect(sets[dense] == nil) }
    for (layer, chooser) in [(3, 2), (4, 2), (6, 5)] {
      #expect(try sets[layer] == layers[chooser].answer("oracle", budget: .tokens(6)).tokens)
    }
  }

  /// The default correction layer of 8 is 0.41 of them, rounded down.
  @Test func tidalScalesItsCorrectionLayer() throws {
    let sets = try Self.answer("tidal", Self.layers([2, 3, 4]), k: 6)
    #expect(sets[0] == nil && sets[1] == nil && sets[2] != nil)
  }

  @Test(arguments: ["last", "uniform", "exponential"], [1, 3]) func omniKVSumsTheWindowsLargestAttention(
    weights: String, window: Int
  ) throws {
    let layers = Self.layers([1, 2, 3])
    let text =
      "omnikv:filter-1=0.125,filter-2=0.9,filter-3=0.95,queries=kept,weights=\(weights),window=\(window),sinks=1,recent=0"
    let sets = try Self.answer(text, layers, k: 6)
    #expect(sets[0] == nil)
    let filter = layers[0]
    for step in filter.steps.indices {
      // The last queries of the prompt, then those of the steps so far.
      var queries = filter.windowPositions.indices.map { q in
        (0..<3).map { filter.windowAttention(head: $0, q) }
      }
      queries += (0...step).map { s in
        (0..<3).map { filter.attention(filter.query($0, s), over: Array(filter.steps[s].visible)) }
      }
      let expected = best(Array(filter.steps[step].visible).dropFirst().map { $0 }, 5) { token in
        queries.suffix(window).reversed().enumerated().reduce(0) { sum, entry in
          let weight =
            weights == "uniform" || entry.offset == 0
            ? 1 : weights == "last" ? 0 : 1 / Double(1 << entry.offset)
          return sum + weight * (entry.element.map { $0[token] ?? 0 }.max() ?? 0)
        }
      }
      for layer in [1, 2] {
        for head in 0..<3 { #expect(sets[layer]?[head][step] == [0] + expected) }
      }
    }
  }

  /// The window's queries stand where the newest does, and their softmax is over the prompt before the window.
  @Test(arguments: ["last", "uniform", "exponential"], [1, 3, 6])
  func omniKVTurnsTheWindowToTheCurrentPosition(weights: String, window: Int) throws {
    for cap in [nil, 1.5] as [Float?] { try Self.turns(weights: weights, window: window, cap: cap) }
  }

  static func turns(weights: String, window: Int, cap: Float?) throws {
    var layers = Self.layers([1, 2])
    layers[0].logitSoftcap = cap
    let text =
      "omnikv:filter-1=0.125,filter-2=0.9,filter-3=0.95,weights=\(weights),window=\(window),sinks=1,recent=0"
    let sets = try Self.answer(text, layers, k: 6)
    let filter = layers[0]
    let size = weights == "last" ? 1 : window
    var differs = false
    for step in filter.steps.indices {
      let position = filter.steps[step].position
      let asked =
        filter.windowPositions.enumerated().map { q, at in
          (0..<3).map { filter.turned(filter.windowQueries[$0][q].map(Double.init), by: position - at) }
        }
        + (0...step).map { s in
          (0..<3).map { filter.turned(filter.query($0, s), by: position - filter.steps[s].position) }
        }
      let end = 20 - max(0, size - (step + 1))
      // Of each query, oldest first, and of each head: attention by token, and its sum over the prompt.
      let attended = asked.suffix(size).map { heads in
        heads.map { query -> (all: [Int: Double], sum: Double) in
          let all = filter.attention(query, over: Array(filter.steps[step].visible))
          return (all, (0..<end).reduce(0) { $0 + (all[$1] ?? 0) })
        }
      }
      let value = { (token: Int) -> Double in
        attended.reversed().enumerated().reduce(0) { sum, entry in
          let weight = weights == "uniform" || entry.offset == 0 ? 1 : 1 / Double(1 << entry.offset)
          let largest = entry.element.map { ($0.all[token] ?? 0) / $0.sum }.max()
          return sum + weight * (largest ?? 0)
        }
      }
      let middle = Array(filter.steps[step].visible.dropFirst())
      for head in 0..<3 {
        let chosen = try #require(sets[1]?[head][step])
        #expect(chosen.first == 0 && chosen.count == 6)
        #expect(areBest(Array(chosen.dropFirst()), of: middle, by: value))
      }
      let kept = try Self.answer(text + ",queries=kept", layers, k: 6)[1]?[0][step]
      differs = differs || kept != sets[1]?[0][step]
    }
    // One query alone is not turned, and two sums may rank alike.
    if size > 1 { #expect(differs) }
  }

  /// A chooser that sees everything, and a layer after it with a sliding window and so a smaller k.
  static func windowed(_ window: Int) -> [SmallTrace] {
    var layers = Self.layers([2, 3])
    var narrow = SmallTrace(heads: 3, positions: Array(20..<30), window: window, seed: 4).complete(prompt: 20)
    narrow.layer = 3
    layers[1] = narrow
    return layers
  }

  @Test(arguments: [Budget.tokens(6), .share(0.5), .tokens(1)], [3, 8])
  func tidalCutsAChoiceToWhatALayerSees(budget: Budget, window: Int) throws {
    let layers = Self.windowed(window)
    let sets = try Self.answer("tidal:correction=7", layers, budget)
    for (step, k) in budget.tokens(of: layers[0].steps).enumerated() {
      let visible = layers[1].steps[step].visible
      for head in 0..<3 {
        let ranked = layers[0].steps[step].visible.sorted {
          let (a, b) = (
            layers[0].score(head: head, step: step, token: $0),
            layers[0].score(head: head, step: step, token: $1)
          )
          return a != b ? a > b : $0 < $1
        }.prefix(k)
        let seen = ranked.filter(visible.contains).prefix(budget.tokens(visible: visible.count)).sorted()
        #expect(sets[1]?[head][step] == (seen.isEmpty ? [visible.upperBound - 1] : seen))
      }
    }
  }

  @Test(arguments: [Budget.tokens(6), .share(0.5), .tokens(1)], [3, 8])
  func omniKVCutsAChoiceToWhatALayerSees(budget: Budget, window: Int) throws {
    let layers = Self.windowed(window)
    for recent in [0, 16] {
      let text = "omnikv:filter-1=0.25,filter-2=0.9,filter-3=0.95,recent=\(recent)"
      let sets = try #require(try Self.answer(text, layers, budget)[1])
      for head in 0..<3 {
        for (step, tokens) in zip(layers[1].steps, sets[head]) {
          #expect((1...budget.tokens(visible: step.visible.count)).contains(tokens.count))
          #expect(tokens == Set(tokens).sorted() && tokens.allSatisfy(step.visible.contains))
          // The newest is kept first, whatever a filter thinks of it.
          if recent > 0 { #expect(tokens.contains(step.visible.upperBound - 1)) }
        }
      }
    }
  }

  /// A layer that stays dense may choose for those after it.
  @Test func denseLayersStayDenseAndChoose() throws {
    let layers = Self.layers([0, 1, 2, 3, 4])
    let sets = try Self.answer("tidal:correction=7,dense-layers=4", layers, k: 6)
    for dense in 0...3 { #expect(sets[dense] == nil) }
    #expect(try sets[4] == layers[2].answer("oracle", budget: .tokens(6)).tokens)
    let filtered = try Self.answer(
      "omnikv:filter-1=0.125,filter-2=0.9,filter-3=0.95,dense-layers=4", layers, k: 6)
    #expect(filtered.map { $0 == nil } == [true, true, true, true, false])
  }

  /// One list of 2 numbers serves a layer; a filter keeps an attention value a token, and the others' rows lie on the host.
  @Test func omniKVsBytesByHand() throws {
    var trace = SmallTrace(positions: [3, 4]).complete(prompt: 3, window: 2)
    let text = "omnikv:filter-1=0.25,filter-2=0.9,filter-3=0.95,recent=0"
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    var policy = try #require(try configuration.policy(for: trace.group) as? any LayerPolicy)
    for layer in [2, 3] {
      trace.layer = layer
      try policy.begin(layer: [trace.group])
      try policy.observe(layer: [trace.prompt(trace.tables())])
      let view = QueryBlock(try trace.block(), budgets: [2, 2])
      _ = try policy.choose(layer: [view])
      let list = TrafficKind(.metadata, .stream)
      let expected: [TrafficKind: TrafficBytes] =
        layer == 2
        ? [
          // Keys of 16 bytes, met by the window's queries beside attending; 9 tokens and two heads.
          .init(.keys, .stream): TrafficBytes(readPerHead: 2 * 9 * 16, readGroupUnion: 9 * 16),
          list: TrafficBytes(written: 2 * 2 * 4),
          .init(.scores, .stream): TrafficBytes(readPerHead: 36, readGroupUnion: 36, written: 36),
        ] : [list: TrafficBytes(readPerHead: 2 * 2 * 2 * 4, readGroupUnion: 2 * 2 * 4)]
      #expect(view.work.bytes == expected)
      #expect(policy.cacheTier == (layer == 2 ? .device : .host))
    }
  }

  @Test(arguments: [("tidal", [4, 5], 4, 3), ("tidal", [2, 4], 4, 3), ("omnikv", [3], 3, 2)])
  func aMissingChooserIsRefused(name: String, numbers: [Int], layer: Int, chooser: Int) {
    let error = PolicyError(
      "\(name): layer \(layer)",
      expected: "layer \(chooser), whose choice it uses, among those replayed", found: "it missing",
      advice: "replay it too, capture it, or leave the policy out")
    #expect(throws: error) { try Self.answer(name, Self.layers(numbers), k: 6) }
  }
}
