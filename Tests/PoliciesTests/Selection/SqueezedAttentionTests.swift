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

@Suite struct SqueezedAttentionTests {
  /// A KV head whose prompt of 40 has its last 8 queries traced.
  static func trace(_ seed: UInt64, cap: Float? = nil) -> SmallTrace {
    var trace = SmallTrace(heads: 2, positions: [40, 41, 60], seed: seed).complete(prompt: 40, window: 8)
    trace.scale = 0.02
    trace.logitSoftcap = cap
    return trace
  }

  /// Of each cluster what one of its keys weighs.
  static func weights(_ trace: SmallTrace, _ clusters: NaiveClusters, _ query: [Double]) -> [Double] {
    let logits = clusters.centres.map { centre -> Double in
      let logit = dot(query, centre) * Double(trace.scale)
      return trace.logitSoftcap.map { Double($0) * tanh(logit / Double($0)) } ?? logit
    }
    let sum = zip(logits, clusters.members).reduce(0) { $0 + exp($1.0) * Double($1.1.count) }
    return logits.map { exp($0) / sum }
  }

  /// The quantile of single keys over all heads of two KV heads, by the window's last 5 queries.
  static func threshold(_ traces: [SmallTrace], _ clusters: [NaiveClusters], _ share: Double) -> Double {
    var all: [Double] = []
    for (trace, clusters) in zip(traces, clusters) {
      for head in trace.windowQueries.indices {
        let each = trace.windowQueries[head].suffix(5).map {
          weights(trace, clusters, $0.map(Double.init))
        }
        for (weight, members) in zip(mean(each), clusters.members) { all += members.map { _ in weight } }
      }
    }
    all.sort()
    let place = share * Double(all.count - 1)
    let low = Int(place)
    let next = all[min(low + 1, all.count - 1)]
    return all[low] + (next - all[low]) * (place - Double(low))
  }

  @Test(arguments: [0, 0.4, 0.7, 1], [nil, 1.5] as [Float?])
  func readsTheClustersAboveALayersQuantile(sparsity: Double, cap: Float?) throws {
    for seed in [1, 5, 9] as [UInt64] {
      let traces = [Self.trace(seed, cap: cap), Self.trace(seed + 1, cap: cap)]
      let configuration = try #require(
        PolicyGrammar.parse([
          "squeezed-attention:clusters=7,rounds=4,window=5,sinks=1,sparsity=\(sparsity)"
        ]).first)
      var policy = try #require(try configuration.policy(for: traces[0].group) as? any LayerPolicy)
      try policy.begin(layer: traces.map(\.group))
      let tables = try traces.map { try $0.tables() }
      try policy.observe(layer: zip(traces, tables).map { try $0.prompt($1) })
      let blocks = try zip(traces, tables).map { trace, tables in
        let block = try trace.block(tables: tables)
        return QueryBlock(block, budgets: policy.budgets(of: block.steps, asked: .tokens(1)))
      }
      let chosen = try policy.choose(layer: blocks)
      let clusters = traces.map { NaiveClusters($0, 1..<35, count: 7, rounds: 4, likeness: "direction") }
      let threshold = Self.threshold(traces, clusters, sparsity)
      for (place, trace) in traces.enumerated() {
        let sets = try #require(chosen[place])
        for head in trace.queries.indices {
          for step in trace.steps.indices {
            let tokens = sets[blocks[place].row(head: head, step: step)].map(Int.init)
            let kept = [0] + Array(35..<trace.steps[step].visible.upperBound)
            #expect(tokens == tokens.sorted() && Set(tokens).isSuperset(of: kept))
            let weights = Self.weights(trace, clusters[place], trace.query(head, step))
            for (weight, members) in zip(weights, clusters[place].members)
            where abs(weight - threshold) > 1e-6 {
              let taken = members.filter(tokens.contains)
              #expect(taken == (weight > threshold ? members : []))
            }
          }
        }
      }
    }
  }

  /// Worked out from the authors' code: of centroids (2, 0) of three keys and (0, 2) of one, a key weighs 0.2863 and 0.1412 to the
  /// query (1, 0.5); both count the same, each three and one times.
  @Test(arguments: [
    (0.2, [0, 1, 3, 4, 5]), (0.1, [0, 1, 2, 3, 4, 5]), (0.3, [4, 5]), (0.2862, [0, 1, 3, 4, 5]),
  ])
  func weighsKeysByTheirCentroid(threshold: Double, expected: [Int]) throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [5]).complete(prompt: 5, window: 1)
    trace.keys = [[2, 0], [2, 0], [0, 2], [2, 0], [5, 5], [1, 1]] + Array(repeating: [0, 0], count: 5)
    // Twice the query at half the scale.
    trace.queries = [[[2, 1]]]
    trace.scale = 0.353_553_39
    let text = "squeezed-attention:clusters=2,window=1,threshold=\(threshold)"
    #expect(try trace.answer(text).tokens == [[expected]])
  }

  @Test func quantilesLieBetweenNeighbours() {
    let values = [WeightedValue(4, count: 1), WeightedValue(1, count: 3)]
    #expect(WeightedValue.quantile(values, 0) == 1)
    #expect(WeightedValue.quantile(values, 0.5) == 1)
    #expect(WeightedValue.quantile(values, 1) == 4)
    // Place 2.25 of 0...3.
    #expect(WeightedValue.quantile(values, 0.75) == 1.75)
    #expect(WeightedValue.quantile([], 0.5) == 0)
  }

  /// A prompt that the window holds has no clusters.
  @Test func aShortPromptIsRead() throws {
    let trace = Self.trace(3)
    for head in try trace.answer("squeezed-attention").tokens {
      #expect(head == trace.steps.map { Array($0.visible) })
    }
  }

  @Test func aTraceWithoutAWindowIsRefused() throws {
    var trace = Self.trace(3)
    trace.windowPositions = []
    #expect(throws: PolicyError.self) { try trace.answer("squeezed-attention:window=5") }
    #expect(try trace.answer("squeezed-attention:window=5,threshold=0.01").tokens.count == 2)
  }

  /// By hand: two heads, keys of 16 bytes, steps that see 4 and 5 tokens after a prompt of 3; one cluster of two tokens, of which
  /// each weighs a half.
  @Test(arguments: [(0.4, 2), (0.6, 0)]) func bytesByHand(threshold: Double, named: Int) throws {
    let trace = SmallTrace(positions: [3, 4]).complete(prompt: 3, window: 2)
    let text = "squeezed-attention:clusters=1,window=1,threshold=\(threshold)"
    let bytes = 2 * (16 + 4 + named * 4)
    #expect(
      try trace.answer(text).work.bytes == [
        .init(.metadata, .stream): TrafficBytes(readPerHead: 2 * bytes, readGroupUnion: bytes),
        .init(.scores, .stream): TrafficBytes(readPerHead: 16, readGroupUnion: 16, written: 16),
      ])
    let policy = try PolicyGrammar.parse([text])[0].policy(for: trace.group)
    let (device, host) = policy.residentExtraBytes(tokens: 64)
    #expect(device == 16 + 4 + 2 * 4 && host == 0)
  }
}
