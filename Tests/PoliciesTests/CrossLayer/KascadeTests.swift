import Attention
import Testing

@testable import Policies

/// Layers of two KV heads each.
@Suite struct KascadeTests {
  static let text = "kascade:anchor-2=2,anchor-3=2,anchor-4=5,anchor-5=5"

  /// A KV head with a prompt of 80, whose last 40 queries are traced: a tile of 32 and one of 8.
  static func head(_ layer: Int, _ seed: Int, window: Int = .max) -> SmallTrace {
    var trace = SmallTrace(heads: 2, positions: Array(80..<86), window: window, seed: UInt64(seed))
      .complete(prompt: 80, window: 40)
    // Unlike between heads, and a softmax so flat that 32 tokens do not hold all.
    var random = SeededRandom(UInt64(1000 + seed))
    trace.windowQueries = trace.windowQueries.map { $0.map { _ in random.small(count: 8) } }
    trace.scale = 0.01
    trace.layer = layer
    return trace
  }

  static func layers(_ numbers: [Int]) -> [[SmallTrace]] {
    numbers.map { [head($0, 2 * $0 + 1), head($0, 2 * $0 + 2)] }
  }

  /// `[layer][KV head][head of the group][step]`; nil for everything.
  static func answer(_ text: String, _ layers: [[SmallTrace]], k: Int, blockSteps: Int = 4) throws
    -> [[[[[Int]]]?]]
  {
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    var policy = try #require(try configuration.policy(for: layers[0][0].group) as? any LayerPolicy)
    return try layers.map { traces in
      let tables = try traces.map { try $0.tables() }
      try policy.begin(layer: traces.map(\.group))
      try policy.observe(layer: zip(traces, tables).map { try $0.prompt($1) })
      var sets: [[[[Int]]]?] = traces.map { trace in trace.queries.map { _ in [] } }
      let steps = traces[0].steps.count
      for start in stride(from: 0, to: steps, by: blockSteps) {
        let views = try zip(traces, tables).map { trace, tables in
          let block = try trace.block(start..<min(start + blockSteps, steps), tables: tables)
          return QueryBlock(
            block, budgets: Budget.tokens(k).tokens(of: block.steps), guarded: configuration.values.guarded)
        }
        for (place, chosen) in try policy.choose(layer: views).enumerated() {
          guard let chosen else {
            sets[place] = nil
            continue
          }
          for head in traces[place].queries.indices {
            for step in views[place].steps.indices {
              sets[place]?[head].append(chosen[views[place].row(head: head, step: step)].map(Int.init))
            }
          }
        }
      }
      return sets
    }
  }

  /// Whether a set is that of largest softmax weight, summed over the group, of an anchor's KV head.
  static func isChosen(_ tokens: [Int], by anchor: SmallTrace, step: Int, k: Int) -> Bool {
    let visible = Array(anchor.steps[step].visible)
    let heads = anchor.queries.indices.map { anchor.attention(anchor.query($0, step), over: visible) }
    return tokens.count == k && tokens == tokens.sorted()
      && areBest(tokens, of: visible, tolerance: 1e-6) { token in
        heads.reduce(0) { $0 + ($1[token] ?? 0) }
      }
  }

  static func expect(
    _ sets: [[[[[Int]]]?]], _ layers: [[SmallTrace]], layer: Int, head: Int, isOf anchor: (Int, Int), k: Int
  ) throws {
    let chosen = try #require(sets[layer][head])
    for step in layers[layer][head].steps.indices {
      for tokens in chosen.map({ $0[step] }) {
        #expect(isChosen(tokens, by: layers[anchor.0][anchor.1], step: step, k: k))
      }
    }
  }

  @Test(arguments: [1, 4, 100]) func anchorsChooseForTheLayersAfterThem(blockSteps: Int) throws {
    let layers = Self.layers([0, 1, 2, 3, 4, 5, 6])
    let sets = try Self.answer(Self.text + ",heads=same", layers, k: 9, blockSteps: blockSteps)
    #expect(sets[0].allSatisfy { $0 == nil })
    for (layer, anchor) in [(1, 0), (2, 2), (3, 2), (4, 2), (5, 5), (6, 5)] {
      for head in 0..<2 {
        try Self.expect(sets, layers, layer: layer, head: head, isOf: (anchor, head), k: 9)
      }
    }
  }

  /// A layer whose heads are the anchor's the other way round, as likeness finds.
  @Test func headsTakeTheSetOfTheLikest() throws {
    var layers = Self.layers([2, 3])
    layers[1] = layers[0].reversed()
    for place in 0..<2 { layers[1][place].layer = 3 }
    let mapped = try Self.answer(Self.text, layers, k: 9)
    let same = try Self.answer(Self.text + ",heads=same", layers, k: 9)
    for head in 0..<2 {
      try Self.expect(mapped, layers, layer: 1, head: head, isOf: (0, 1 - head), k: 9)
      try Self.expect(same, layers, layer: 1, head: head, isOf: (0, head), k: 9)
    }
  }

  /// Of each tile and head the attention by token, summed over queries and query heads.
  static func tiles(_ trace: SmallTrace, _ window: Int) -> [(weights: [Double], tokens: Set<Int>)] {
    let queries = Array(trace.windowPositions.indices.suffix(window))
    return stride(from: 0, to: queries.count, by: 32).map { start in
      let tile = queries[start..<min(start + 32, queries.count)]
      var weights = trace.keys.map { _ in 0.0 }
      for query in tile {
        for head in trace.queries.indices {
          for (token, weight) in trace.windowAttention(head: head, query) { weights[token] += weight }
        }
      }
      let own = Set(tile.map { trace.windowPositions[$0] })
      return (weights, own.union(best(weights.indices.filter { !own.contains($0) }, 32) { weights[$0] }))
    }
  }

  @Test(arguments: [40, 20]) func likenessIsOfWhatTilesFavour(window: Int) throws {
    for seed in 0..<6 {
      let earlier = [Self.head(2, 10 * seed), Self.head(2, 10 * seed + 1), Self.head(2, 10 * seed + 2)]
      let later = [Self.head(3, 10 * seed + 3), Self.head(3, 10 * seed + 4)]
      let expected = later.map { own in
        let values = earlier.map { other -> Double in
          let shares = zip(Self.tiles(own, window), Self.tiles(other, window)).map { own, other in
            other.tokens.reduce(0) { $0 + own.weights[$1] } / own.tokens.reduce(0) { $0 + own.weights[$1] }
          }
          return shares.reduce(0, +) / Double(shares.count)
        }
        return values.firstIndex(of: values.max() ?? 0)
      }
      func heads(_ traces: [SmallTrace]) throws -> HeadTiles {
        HeadTiles(try traces.map { try $0.prompt($0.tables()) }, window: window)
      }
      #expect(try heads(later).likest(in: heads(earlier)) == expected)
    }
  }

  /// Without traced queries a head takes its own number's set.
  @Test func withoutAWindowHeadsAreTheSame() throws {
    var layers = Self.layers([2, 3])
    for layer in 0..<2 { for head in 0..<2 { layers[layer][head].windowPositions = [] } }
    let sets = try Self.answer(Self.text, layers, k: 9)
    for head in 0..<2 { try Self.expect(sets, layers, layer: 1, head: head, isOf: (0, head), k: 9) }
  }

  /// Worked out from the authors' code: logits 4 0 0 2 and 0 0 1 2.5 of two heads. Their softmaxes sum to .9124 .0748 .1765 .8363; the
  /// logits themselves would say the last.
  @Test func softmaxesAreSummedAndNotLogits() throws {
    var trace = SmallTrace(heads: 2, headDim: 2, positions: [3]).complete(prompt: 3, window: 1)
    trace.scale = 0.5
    trace.keys = [[8, 0], [0, 0], [0, 2], [4, 5]] + Array(repeating: [0, 0], count: 5)
    trace.queries = [[[1, 0]], [[0, 1]]]
    #expect(try trace.answer("kascade", budget: .tokens(1)).tokens == [[[0]], [[0]]])
    #expect(try trace.answer("kascade", budget: .tokens(2)).tokens == [[[0, 3]], [[0, 3]]])
    #expect(try trace.answer("kascade:recent=1", budget: .tokens(1)).tokens == [[[3]], [[3]]])
  }

  /// A choice is cut to what a layer with a sliding window sees, and to its own k.
  @Test(arguments: [3, 12]) func aChoiceIsCutToWhatALayerSees(window: Int) throws {
    let layers = [[Self.head(2, 1)], [Self.head(3, 2, window: window)]]
    let sets = try Self.answer(Self.text, layers, k: 9)
    let (anchor, own) = (try #require(sets[0][0]), try #require(sets[1][0]))
    for head in 0..<2 {
      for (step, tokens) in own[head].enumerated() {
        let visible = layers[1][0].steps[step].visible
        let seen = anchor[head][step].filter(visible.contains)
        #expect(Set(tokens).isSubset(of: seen.isEmpty ? [visible.upperBound - 1] : Set(seen)))
        #expect(tokens.count == max(1, min(seen.count, 9)))
      }
    }
  }

  /// Defaults are of 32 layers 0, 2, 8, 13 and 14, and here of 8 layers 0, 1, 2 and 3.
  @Test func anchorsScaleWithTheDepth() throws {
    let sets = try Self.answer("kascade:heads=same", Self.layers([0, 1, 2, 3, 4]), k: 9)
    #expect(sets[0].allSatisfy { $0 == nil })
    let layers = Self.layers([0, 1, 2, 3, 4])
    for (layer, anchor) in [(1, 1), (2, 2), (3, 3), (4, 3)] {
      try Self.expect(sets, layers, layer: layer, head: 1, isOf: (anchor, 1), k: 9)
    }
  }

  /// Dense layers may be anchors.
  @Test func denseLayersStayDenseAndChoose() throws {
    let layers = Self.layers([0, 1, 2, 3])
    let sets = try Self.answer(Self.text + ",heads=same,dense-layers=3", layers, k: 9)
    for layer in 0...2 { #expect(sets[layer].allSatisfy { $0 == nil }) }
    try Self.expect(sets, layers, layer: 3, head: 0, isOf: (2, 0), k: 9)
  }

  @Test func aMissingAnchorIsRefused() {
    let error = PolicyError(
      "kascade: layer 4", expected: "layer 2, whose choice it uses, among those replayed",
      found: "it missing", advice: "replay it too, capture it, or leave the policy out")
    #expect(throws: error) { try Self.answer(Self.text, Self.layers([4]), k: 9) }
  }

  /// By hand: two heads, keys of 16 bytes, steps that see 4 and 5 tokens, 2 of them chosen.
  @Test func bytesByHand() throws {
    var trace = SmallTrace(positions: [3, 4]).complete(prompt: 3, window: 2)
    let configuration = try #require(PolicyGrammar.parse([Self.text]).first)
    var policy = try #require(try configuration.policy(for: trace.group) as? any LayerPolicy)
    for layer in [0, 1, 2, 3] {
      trace.layer = layer
      try policy.begin(layer: [trace.group])
      try policy.observe(layer: [trace.prompt(trace.tables())])
      let view = QueryBlock(try trace.block(), budgets: [2, 2])
      _ = try policy.choose(layer: [view])
      // One list of 2 numbers a step is written by an anchor, and read by the layer after it.
      var expected: [TrafficKind: TrafficBytes] = [
        .init(.metadata, .stream): layer % 2 == 0
          ? TrafficBytes(written: 2 * 2 * 4)
          : TrafficBytes(readPerHead: 2 * 2 * 2 * 4, readGroupUnion: 2 * 2 * 4)
      ]
      // An anchor keeps the scores of 9 tokens and two heads; the first layer reads its keys anyway.
      if layer % 2 == 0 {
        expected[.init(.scores, .stream)] = TrafficBytes(readPerHead: 72, readGroupUnion: 72, written: 72)
      }
      if layer == 2 {
        expected[.init(.keys, .stream)] = TrafficBytes(readPerHead: 2 * 9 * 16, readGroupUnion: 9 * 16)
      }
      #expect(view.work.bytes == expected)
      #expect(policy.readsChosenKeys == (layer % 2 == 1))
      #expect(policy.residentExtraBytes(tokens: 64) == (0, 0))
    }
  }
}
