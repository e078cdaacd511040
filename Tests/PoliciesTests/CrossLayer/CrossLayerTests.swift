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
          block, budgets: Budget.tokens(k).tokens(of: block.steps), guarded: configuration.values.guarded)
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
    let text = "omnikv:filter-1=0.125,filter-2=0.9,filter-3=0.95,weights=\(weights),window=\(window),sinks=1"
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

  @Test(arguments: [("tidal", [4, 5], 4, 3), ("tidal", [2, 4], 4, 3), ("omnikv", [3], 3, 2)])
  func aMissingChooserIsRefused(name: String, numbers: [Int], layer: Int, chooser: Int) {
    let message = """
      \(name): layer \(layer) uses what layer \(chooser) chose, and that layer is not among those replayed: replay it too \
      (--layers), capture it, or leave the policy out
      """
    #expect(throws: PolicyError(message)) { try Self.answer(name, Self.layers(numbers), k: 6) }
  }
}
