import Attention
import Testing

@testable import Policies

/// Policies that rank tokens on few channels or axes: SparQ, Loki, Double Sparsity, InfiniGen.
@Suite struct ChannelSelectorsTests {
  static let budgets: [Budget] = [.tokens(1), .tokens(6), .share(0.3)]
  static let trace = SmallTrace(heads: 3, positions: [12, 20, 21, 40]).complete(prompt: 12)
  static let windowed = SmallTrace(heads: 2, positions: [14, 21, 40], window: 12, seed: 5).complete(
    prompt: 12)

  @Test(arguments: [1, 3, 8], budgets) func sparQTakesTheQuerysLargestChannels(r: Int, budget: Budget) throws
  {
    for trace in [Self.trace, Self.windowed] {
      let answer = try trace.answer(
        "sparq:channels=\(r),mean-values=off,scope=head,local-share=0", budget: budget)
      for head in trace.queries.indices {
        for (step, k) in budget.tokens(of: trace.steps).enumerated() {
          // A head's own channels, as its own tokens.
          let channels = best(Array(0..<trace.headDim), r) { abs(Double(trace.queries[head][step][$0])) }
          let expected = trace.best(step: step, k) {
            trace.score(head: head, step: step, token: $0, channels: channels)
          }
          #expect(answer.tokens[head][step] == expected)
        }
      }
    }
  }

  static func largest(_ trace: SmallTrace, step: Int, r: Int) -> [Int] {
    best(Array(0..<trace.headDim), r) { c in trace.queries.reduce(0) { $0 + abs(Double($1[step][c])) } }
  }

  @Test(arguments: budgets) func sparQWithEveryChannelIsTheOracle(budget: Budget) throws {
    for trace in [Self.trace, Self.windowed] {
      for common in ["sinks=0", "sinks=2,recent=3"] {
        let oracle = try trace.answer("oracle:\(common)", budget: budget).tokens
        let text = "sparq:channels=8,scope=head,local-share=0,\(common)"
        #expect(try trace.answer(text, budget: budget).tokens == oracle)
        #expect(try trace.answer(text + ",mean-values=off", budget: budget).tokens == oracle)
      }
    }
  }

  /// One set per KV head by the sum of scores at each head's temperature, a share of it the last tokens.
  @Test(arguments: [1, 3, 8], budgets) func sparQSumsOverTheGroupAndKeepsLocalTokens(r: Int, budget: Budget)
    throws
  {
    for trace in [Self.trace, Self.windowed] {
      let answer = try trace.answer("sparq:channels=\(r)", budget: budget)
      for (step, k) in budget.tokens(of: trace.steps).enumerated() {
        let channels = Self.largest(trace, step: step, r: r)
        let visible = trace.steps[step].visible
        let local = Int(Double(k) * 0.25)
        let tokens = answer.tokens[0][step]
        #expect(answer.tokens.allSatisfy { $0[step] == tokens })
        #expect(Array(tokens.suffix(local)) == Array(visible.suffix(local)) && tokens.count == k)
        #expect(
          areBest(tokens.dropLast(local).map { $0 }, of: visible.dropLast(local).map { $0 }) { token in
            trace.queries.indices.reduce(0) { sum, head in
              let q = trace.query(head, step)
              let part = channels.reduce(0) { $0 + abs(q[$1]) } / q.reduce(0) { $0 + abs($1) }
              let score = channels.reduce(0) { $0 + q[$1] * trace.key(token)[$1] }
              return part > 0 ? sum + score / part.squareRoot() : sum
            }
          })
      }
    }
  }

  /// The mix is what the softmax at SparQ's temperature has left over, and the mean that of what is seen.
  @Test(arguments: [2, 5, 8]) func sparQMixesTheMeanValue(r: Int) throws {
    let trace = Self.windowed
    let answer = try trace.answer("sparq:channels=\(r)", budget: .tokens(4))
    let corrections = try #require(answer.corrections)
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        let channels = Self.largest(trace, step: step, r: r)
        let q = trace.query(head, step)
        let part = channels.reduce(0) { $0 + abs(q[$1]) } / q.reduce(0) { $0 + abs($1) }
        var masked = Array(repeating: 0.0, count: 8)
        for c in channels { masked[c] = q[c] / max(part, 1e-9).squareRoot() }
        let weights = trace.attention(masked, over: Array(trace.steps[step].visible))
        let held = answer.tokens[head][step].reduce(0) { $0 + (weights[$1] ?? 0) }
        let found = corrections[head][step]
        #expect(abs(Double(found.mix) - (1 - held)) < 1e-5)
        let values = mean(trace.steps[step].visible.map { trace.values[$0].map(Double.init) })
        for (a, b) in zip(found.mean, values) { #expect(abs(Double(a) - b) < 1e-5) }
      }
    }
  }

  @Test(arguments: ["post", "pre"], [1, 3, 8]) func lokiRanksOnTheFirstAxes(axes: String, rank: Int) throws {
    let trace = Self.trace
    let answer = try trace.answer("loki:axes=\(axes),rank=\(rank)")
    let layer = try #require(trace.statistics?[trace.layer])
    let matrix = (axes == "pre" ? layer.unrotatedKeyAxes : layer.keyAxes)[2].axes.prefix(rank).map {
      $0.map(Double.init)
    }
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        let q = matrix.map { dot($0, trace.query(head, step)) }
        #expect(
          areBest(answer.tokens[head][step], of: Array(trace.steps[step].visible)) { token in
            dot(q, matrix.map { dot($0, trace.key(token)) })
          })
      }
    }
    if rank == 8 {
      for head in trace.queries.indices {
        for step in trace.steps.indices {
          #expect(
            areBest(answer.tokens[head][step], of: Array(trace.steps[step].visible)) { token in
              Double(trace.score(head: head, step: step, token: token))
            })
        }
      }
    }
  }

  @Test(arguments: [(2, 1), (2, 8), (4, 3), (16, 1), (16, 3), (16, 8)], ["head", "group"])
  func doubleSparsityRanksOnQuantisedLabels(size: (bits: Int, r: Int), labels: String) throws {
    for queries in ["rounded", "exact"] {
      try Self.ranksOnQuantisedLabels(bits: size.bits, r: size.r, labels: labels, queries: queries)
    }
  }

  static func ranksOnQuantisedLabels(bits: Int, r: Int, labels: String, queries: String) throws {
    let trace = Self.trace
    let answer = try trace.answer(
      "double-sparsity:channels=\(r),bits=\(bits),labels=\(labels),queries=\(queries)")
    let layer = try #require(trace.statistics?[trace.layer])
    let own = try #require(layer.ownChannelWeights)
    for head in trace.queries.indices {
      // The group's heads are 4 to 6 of the model's.
      let weights = labels == "head" ? own[4 + head] : layer.channelWeights[2]
      let channels = best(Array(0..<8), r) { Double(weights[$0]) }
      for step in trace.steps.indices {
        let exact = channels.map { trace.query(head, step)[$0] }
        let q = queries == "rounded" ? Self.rounded(exact, bits: bits) : exact
        #expect(
          areBest(answer.tokens[head][step], of: Array(trace.steps[step].visible)) { token in
            dot(q, Self.rounded(channels.map { trace.key(token)[$0] }, bits: bits))
          })
      }
    }
  }

  /// What the released code does unless told otherwise.
  @Test func doubleSparsityRoundsQueriesAndLabelsHeads() throws {
    let named = try Self.trace.answer(
      "double-sparsity:channels=4,bits=2,labels=head,queries=rounded")
    func answer(_ more: String) throws -> Answer {
      try Self.trace.answer("double-sparsity:channels=4,bits=2\(more)")
    }
    #expect(try answer("") == named)
    #expect(try answer(",queries=exact").tokens != named.tokens)
    #expect(try answer(",labels=group").tokens != named.tokens)
    var old = Self.trace
    old.statistics?.layers[0].ownChannelWeights = nil
    let error = PolicyError(
      "double-sparsity: layer 3", expected: "channel weights per query head",
      found: "none in the calibration, as earlier versions made it",
      advice: "calibrate again, or give labels=group")
    #expect(throws: error) { try old.answer("double-sparsity") }
    #expect(
      try old.answer("double-sparsity:labels=group").tokens
        == Self.trace.answer("double-sparsity:labels=group").tokens)
  }

  /// Each value at the nearest of 2^bits levels between the lowest and the highest; halves as 32-bit floats have them.
  static func rounded(_ values: [Double], bits: Int) -> [Double] {
    guard bits < 16, let low = values.min(), let high = values.max(), high > low else { return values }
    let step = Float(high - low) / Float((1 << bits) - 1)
    return values.map { low + Double((Float($0 - low) / step).rounded()) * Double(step) }
  }

  @Test func infiniGenTakesWhatComesNearTheLargest() throws {
    // Axes of all channels: partial logits are the full ones.
    let trace = Self.trace
    for (alpha, budget) in [(0.0, 6), (0.97, 6), (3.97, 6), (1000.0, 9)] {
      let answer = try trace.answer("infinigen:ratio=8,alpha=\(alpha)", budget: .tokens(budget))
      for step in trace.steps.indices {
        let visible = Array(trace.steps[step].visible)
        let near = trace.queries.indices.map { head -> Int in
          let logits = visible.map {
            Double(trace.score(head: head, step: step, token: $0)) * Double(trace.scale)
          }
          return logits.filter { $0 > (logits.max() ?? 0) - alpha }.count
        }
        let count = min(max(1, near.reduce(0, +) / 3), budget)
        for head in trace.queries.indices {
          #expect(answer.tokens[head][step].count == count || alpha == 0)
          #expect(
            areBest(answer.tokens[head][step], of: visible) {
              Double(trace.score(head: head, step: step, token: $0))
            })
        }
      }
    }
  }

  /// Two KV heads of one query head each, of which 2 and 10 tokens come near the largest: 6 and 6 are fetched, or with each KV
  /// head for itself 2 and 10.
  @Test(arguments: [("layer", [6, 6]), ("group", [2, 10])])
  func infiniGenCountsOverTheLayer(count: String, expected: [Int]) throws {
    let traces = [2, 10].map { near -> SmallTrace in
      var trace = SmallTrace(heads: 1, headDim: 2, positions: [11]).complete(prompt: 11, window: 3)
      trace.scale = 1
      trace.keys = trace.keys.indices.map { [$0 < near ? 10 : 0, 0] }
      trace.queries = [[[1, 0]]]
      trace.windowQueries = [trace.windowPositions.map { _ in [1, 0] }]
      return trace
    }
    let configuration = try #require(PolicyGrammar.parse(["infinigen:ratio=2,count=\(count)"]).first)
    var policy = try #require(try configuration.policy(for: traces[0].group) as? any LayerPolicy)
    let tables = try traces.map { try $0.tables() }
    try policy.begin(layer: traces.map(\.group))
    try policy.observe(layer: zip(traces, tables).map { try $0.prompt($1) })
    let views = try zip(traces, tables).map { QueryBlock(try $0.block(tables: $1), budgets: [12]) }
    let chosen = try policy.choose(layer: views)
    #expect(chosen.map { $0?.count(0) } == expected)
    #expect(chosen.map { $0.map { Array($0[0].prefix(2)) } } == [[0, 1], [0, 1]])
  }

  /// Two heads, 8 channels of 2 bytes, steps that see 4 and 5 tokens, 9 in all.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [3, 4]).complete(prompt: 3, window: 2)
    func metadata(_ text: String) throws -> TrafficBytes? {
      try trace.answer(text, budget: .tokens(2)).work.bytes[.init(.metadata, .stream)]
    }
    // r of 8 channels, shared by the heads; a new token is written channel-major once more.
    #expect(
      try metadata("sparq:channels=3,mean-values=off")
        == TrafficBytes(readPerHead: 9 * 3 * 2 * 2, readGroupUnion: 9 * 3 * 2, written: 2 * 8 * 2))
    #expect(
      try metadata("loki:rank=2")
        == TrafficBytes(readPerHead: 2 * (9 * 2 * 2 + 2 * 8 * 16), readGroupUnion: 9 * 2 * 2 + 2 * 8 * 16))
    // Loki reads all axes at each step; keys lie turned in the cache, and are not written twice.
    // Heads with channels of their own share what both take.
    let channels = trace.steps.indices.map { step in
      (0..<2).map { head in Set(best(Array(0..<8), 3) { abs(Double(trace.queries[head][step][$0])) }) }
    }
    let unions = channels.map { $0[0].union($0[1]).count }
    #expect(
      try metadata("sparq:channels=3,mean-values=off,scope=head")
        == TrafficBytes(
          readPerHead: 9 * 3 * 2 * 2, readGroupUnion: (4 * unions[0] + 5 * unions[1]) * 2, written: 2 * 8 * 2)
    )
    // Four channels of 4 bits, and two halves for lowest and highest.
    #expect(
      try metadata("double-sparsity:channels=4,labels=group")
        == TrafficBytes(readPerHead: 9 * 6 * 2, readGroupUnion: 9 * 6, written: 2 * 6))
    // A label cache for each head whose channels are its own.
    #expect(
      try metadata("double-sparsity:channels=4")
        == TrafficBytes(readPerHead: 9 * 6 * 2, readGroupUnion: 9 * 6 * 2, written: 2 * 6 * 2))
    // Each head has axes of its own.
    #expect(
      try metadata("infinigen:ratio=2")
        == TrafficBytes(
          readPerHead: 2 * (9 * 2 * 2 + 2 * 2 * 16), readGroupUnion: 2 * (9 * 2 * 2 + 2 * 2 * 16),
          written: 2 * 2 * 2 * 2))
  }

  @Test func withoutStatisticsTheySayWhatToDo() throws {
    for name in ["loki", "double-sparsity", "triattention", "duo-attention"] {
      let error = PolicyError(
        "\(name): layer 3", expected: "head statistics in this trace's half layout",
        found: "none in the calibration",
        advice: "calibrate for it and give that profile, or leave the layer out"
      )
      #expect(throws: error) { try SmallTrace(positions: [5]).answer(name) }
    }
  }

  /// Statistics of fewer heads, channels or chunks than the model has are an error, never a trap.
  @Test(arguments: ["loki", "double-sparsity", "triattention", "duo-attention"])
  func statisticsOfAnotherShapeAreRefused(name: String) throws {
    let changes: [(inout HeadStatistics.Layer) -> Void] = [
      { $0.keyAxes.removeLast() }, { $0.unrotatedKeyAxes[2].axes.removeLast() },
      { $0.channelWeights.removeLast() }, { $0.channelWeights[2].removeLast() },
      { $0.ownChannelWeights?.removeLast(2) }, { $0.queryCentres.removeLast(2) },
      { $0.queryCentres[5].removeLast() }, { $0.queryNorms[4].removeLast() }, { $0.retrieval.removeLast() },
    ]
    for change in changes {
      var trace = Self.trace
      _ = try trace.answer(name)
      if var layer = trace.statistics?.layers.first {
        change(&layer)
        trace.statistics?.layers = [layer]
      }
      let error = try #require(throws: PolicyError.self) { try trace.answer(name) }
      #expect(error.place == "\(name): layer 3" && error.expected.hasPrefix("head statistics"))
    }
  }

  @Test(arguments: ["infinigen", "infllm", "expected-attention", "squeezed-attention"])
  func withoutAWindowTheySayWhatToDo(name: String) {
    let error = PolicyError(
      name, expected: "traced queries of the prompt", found: "none in the trace",
      advice: "capture it with an observation window, or leave the policy out")
    #expect(throws: error) { try SmallTrace(positions: [5]).answer(name) }
  }
}
