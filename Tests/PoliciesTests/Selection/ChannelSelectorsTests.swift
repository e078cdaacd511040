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
          let channels = Self.largest(trace, step: step, r: r)
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

  @Test(arguments: [2, 4, 16], [1, 3, 8]) func doubleSparsityRanksOnQuantisedLabels(bits: Int, r: Int) throws
  {
    let trace = Self.trace
    let answer = try trace.answer("double-sparsity:channels=\(r),bits=\(bits)")
    let weights = try #require(trace.statistics?[trace.layer]).channelWeights[2]
    let channels = best(Array(0..<8), r) { Double(weights[$0]) }
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        let q = channels.map { trace.query(head, step)[$0] }
        #expect(
          areBest(answer.tokens[head][step], of: Array(trace.steps[step].visible)) { token in
            dot(q, Self.rounded(channels.map { trace.key(token)[$0] }, bits: bits))
          })
      }
    }
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

  /// Two heads, 8 channels of 2 bytes, steps that see 4 and 5 tokens, 9 in all.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [3, 4]).complete(prompt: 3, window: 2)
    func metadata(_ text: String) throws -> TrafficBytes? {
      try trace.answer(text, budget: .tokens(2)).ledger.bytes[.init(.metadata, .stream)]
    }
    // r of 8 channels, shared by the heads; a new token is written channel-major once more.
    #expect(
      try metadata("sparq:channels=3,mean-values=off")
        == TrafficBytes(readPerHead: 9 * 3 * 2 * 2, readGroupUnion: 9 * 3 * 2, written: 2 * 8 * 2))
    #expect(
      try metadata("loki:rank=2")
        == TrafficBytes(readPerHead: 2 * (9 * 2 * 2 + 2 * 8 * 16), readGroupUnion: 9 * 2 * 2 + 2 * 8 * 16))
    // Loki reads all axes at each step; keys lie turned in the cache, and are not written twice.
    // Four channels of 4 bits, and two halves for lowest and highest.
    #expect(
      try metadata("double-sparsity:channels=4")
        == TrafficBytes(readPerHead: 9 * 6 * 2, readGroupUnion: 9 * 6, written: 2 * 6))
    // Each head has axes of its own.
    #expect(
      try metadata("infinigen:ratio=2")
        == TrafficBytes(
          readPerHead: 2 * (9 * 2 * 2 + 2 * 2 * 16), readGroupUnion: 2 * (9 * 2 * 2 + 2 * 2 * 16),
          written: 2 * 2 * 2 * 2))
  }

  @Test func withoutStatisticsTheySayWhatToDo() throws {
    for name in ["loki", "double-sparsity", "triattention", "duo-attention"] {
      let message = """
        \(name): the calibration has no head statistics for layer 3 in this trace's half layout: calibrate for it \
        (fasa-sim calibrate), give that --profile, or leave the layer out with --layers
        """
      #expect(throws: PolicyError(message)) { try SmallTrace(positions: [5]).answer(name) }
    }
  }

  @Test(arguments: ["infinigen", "infllm", "expected-attention", "sketch"])
  func withoutAWindowTheySayWhatToDo(name: String) {
    let message =
      "\(name): needs traced queries of the prompt, and the trace has none: capture with --window, or leave the policy out"
    #expect(throws: PolicyError(message)) { try SmallTrace(positions: [5]).answer(name) }
  }
}
