import Attention
import Kernels
import Testing

@testable import Policies

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `gist-pages` against loops in double precision.
@Suite struct GistPagesTests {
  typealias Clusters = ClusterPoliciesTests.Clusters

  /// What a layer of several KV heads chooses, by KV head.
  static func answer(_ text: String, _ traces: [SmallTrace], k: Int, blockSteps: Int) throws -> [Answer] {
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    var policy = try #require(
      try configuration.policy(for: traces[0].group, asked: .tokens(k)) as? any LayerPolicy)
    let tables = try traces.map { try $0.tables() }
    try policy.begin(layer: traces.map(\.group))
    try policy.observe(layer: zip(traces, tables).map { try $0.prompt($1) })
    var answers = traces.map { trace in
      Answer(tokens: trace.queries.map { _ in [] }, corrections: trace.queries.map { _ in [] })
    }
    let steps = traces[0].steps.count
    for start in stride(from: 0, to: steps, by: blockSteps) {
      let views = try zip(traces, tables).map { trace, tables in
        let block = try trace.block(start..<min(start + blockSteps, steps), tables: tables)
        return QueryBlock(block, budgets: Budget.tokens(k).tokens(of: block.steps))
      }
      for (place, chosen) in try policy.choose(layer: views).enumerated() {
        let (chosen, view) = (try #require(chosen), views[place])
        let corrections = try #require(chosen.corrections)
        for head in traces[place].queries.indices {
          for step in view.steps.indices {
            let row = view.row(head: head, step: step)
            answers[place].tokens[head].append(chosen[row].map(Int.init))
            answers[place].corrections?[head].append(corrections[row])
          }
        }
        answers[place].work.merge(view.work)
      }
    }
    return answers
  }

  static func traces(cap: Float?) -> [SmallTrace] {
    ([1, 7] as [UInt64]).map { seed in
      var trace = SmallTrace(heads: 2, positions: [40, 41, 60, 61], seed: seed).complete(prompt: 40)
      trace.logitSoftcap = cap
      trace.scale = 0.03
      return trace
    }
  }

  @Test(arguments: [0, 1], [nil, 1.5] as [Float?])
  func aLayerReadsThePagesThatWeighMost(spread: Double, cap: Float?) throws {
    let traces = Self.traces(cap: cap)
    let text = "gist-pages:page=4,cluster=4,estimated=0.4,rounds=3,sinks=2,recent=5,spread=\(spread)"
    let answers = try Self.answer(text, traces, k: 24, blockSteps: 3)
    #expect(try Self.answer(text, traces, k: 24, blockSteps: 1) == answers)
    var clusters = traces.map { trace in
      let naive = NaiveClusters(trace, 2..<35, count: 8, rounds: 3, likeness: "distance")
      return Clusters(trace, members: naive.members, centres: naive.centres)
    }
    let fitted = clusters.map { $0.fitted(most: spread, reading: 24) }
    var next = 35
    for (step, end) in traces[0].steps.map(\.visible.upperBound).enumerated() {
      for token in next..<max(next, end - 5) { for place in [0, 1] { clusters[place].add(token) } }
      next = max(next, end - 5)
      // The page of the first two tokens, and those from that of the last five on.
      let last = (end - 5) / 4 * 4
      let guarded = Array(0..<4) + Array(last..<end)
      var worth: [Int: Double] = [:]
      var weights: [[Double]] = []
      for (place, own) in clusters.enumerated() {
        let heads = [0, 1].map { head -> [Double] in
          let query = traces[place].query(head, step)
          let each = own.logits(query, spread: fitted[place]).map { exp($0) }
          let beside = guarded.reduce(0) { $0 + exp(own.capped(dot(query, traces[place].key($1)))) }
          let all = zip(each, own.members).reduce(beside) { $0 + $1.0 * Double($1.1.count) }
          return each.map { $0 / all }
        }
        weights.append(sum(heads))
        for (cluster, tokens) in own.members.enumerated() {
          for token in tokens where (4..<last).contains(token) {
            worth[token / 4, default: 0] += weights[place][cluster]
          }
        }
      }
      let best = worth.keys.sorted { worth[$0, default: 0] > worth[$1, default: 0] }
        .prefix((24 - guarded.count) / 4)
      let read = (guarded + best.flatMap { Array($0 * 4..<$0 * 4 + 4) }).sorted()
      for (place, answer) in answers.enumerated() {
        var left = clusters[place]
        left.members = left.members.map { $0.filter { !read.contains($0) } }
        let others = weights[place].indices.filter { !left.members[$0].isEmpty }
          .sorted { weights[place][$0] > weights[place][$1] }
          .prefix(Int((0.4 * Double(weights[place].count)).rounded()))
        for head in [0, 1] {
          #expect(answer.tokens[head][step] == read)
          left.expect(
            try #require(answer.corrections)[head][step].terms, are: Array(others),
            clusters[place].logits(traces[place].query(head, step), spread: fitted[place]))
        }
      }
    }
  }

  /// Where k does not hold the first and last pages, their tokens come first.
  @Test func aSmallBudgetKeepsTokens() throws {
    let answers = try Self.answer(
      "gist-pages:page=8,cluster=4,sinks=2,recent=5", Self.traces(cap: nil), k: 9, blockSteps: 2)
    for answer in answers { #expect(answer.tokens[0][0] == [0, 1] + Array(36...40)) }
  }

  /// 3 heads share what is read; keys and values are of 8 numbers in 16 bits.
  @Test func bytesAreThoseOfClustersAndNumbers() throws {
    let trace = SmallTrace(heads: 3, positions: [40]).complete(prompt: 40)
    let answer = try trace.answer(
      "gist-pages:page=4,cluster=4,estimated=0.5,rounds=2,sinks=2,recent=5,spread=0", budget: .tokens(20))
    let clusters = NaiveClusters(trace, 2..<35, count: 8, rounds: 2, likeness: "distance").members.count
    let estimated = Int((0.5 * Double(clusters)).rounded())
    // A centroid each, values' sums, one token's own that joins, and the cluster of each token between the guarded pages.
    let moved = ClusterPoliciesTests.metadata(answer)
    #expect(moved.readGroupUnion == clusters * 16 + estimated * 16 + 32 + (36 - 4) * 2)
    #expect(moved.written == 32)
    // The guarded tokens' keys.
    let keys = answer.work.bytes.filter { $0.key.content == .keys }.values
    #expect(keys.map(\.readGroupUnion) == [9 * 16])
  }
}
