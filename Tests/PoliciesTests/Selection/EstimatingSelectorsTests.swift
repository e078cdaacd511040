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

/// PQCache, RetroInfer and MagicPIG: clusters, codes and hashes.
@Suite struct EstimatingSelectorsTests {
  static let trace = SmallTrace(heads: 2, positions: [40, 41, 60]).complete(prompt: 40)

  /// Lloyd's rounds from keys evenly apart.
  static func clusters(_ points: [[Double]], count: Int, rounds: Int) -> (
    centres: [[Double]], owner: ([Double]) -> Int
  ) {
    let count = min(count, points.count)
    var centres = (0..<count).map { points[$0 * points.count / count] }
    func owner(_ point: [Double]) -> Int {
      centres.indices.min { a, b in
        let (da, db) = (zip(point, centres[a]).map { $0 - $1 }, zip(point, centres[b]).map { $0 - $1 })
        return dot(da, da) < dot(db, db) - 1e-9
      } ?? 0
    }
    for _ in 0..<rounds {
      let owners = points.map(owner)
      centres = centres.indices.map { index in
        let members = points.indices.filter { owners[$0] == index }.map { points[$0] }
        return members.isEmpty ? centres[index] : mean(members)
      }
    }
    let final = centres
    return (
      final,
      { point in
        final.indices.min { a, b in
          let (da, db) = (zip(point, final[a]).map { $0 - $1 }, zip(point, final[b]).map { $0 - $1 })
          return dot(da, da) < dot(db, db) - 1e-9
        } ?? 0
      }
    )
  }

  @Test(
    arguments: [(1, 3, 0), (2, 2, 3), (3, 4, 5)],
    ["scope=head", "scope=group", "scope=group,ranking=sum", "scope=group,scale"])
  func pqCacheRanksOnCentroids(sizes: (parts: Int, bits: Int, rounds: Int), text: String) throws {
    let (parts, bits, rounds) = sizes
    var trace = Self.trace
    // A flat softmax, where a token that both heads like a little beats one that one head likes.
    if text.hasSuffix("scale") { trace.scale = 0.004 }
    let answer = try trace.answer(
      "pqcache:subvectors=\(parts),bits=\(bits),rounds=\(rounds),recent-share=0.25,sinks=1,\(text.replacing(",scale", with: ""))",
      budget: .tokens(12))
    let slices = (0..<parts).map { $0 * 8 / parts..<($0 + 1) * 8 / parts }
    let books = slices.map { slice in
      Self.clusters((1..<40).map { Array(trace.key($0)[slice]) }, count: 1 << bits, rounds: rounds)
    }
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        let end = trace.steps[step].visible.upperBound
        let tokens = answer.tokens[head][step]
        #expect(tokens.count == 12 && Set(tokens).isSuperset(of: [0, end - 3, end - 2, end - 1]))
        func score(_ token: Int, _ head: Int) -> Double {
          zip(slices, books).reduce(0) { sum, part in
            let key = Array(trace.key(token)[part.0])
            return sum + dot(Array(trace.query(head, step)[part.0]), part.1.centres[part.1.owner(key)])
          }
        }
        let candidates = Array(1..<end - 3)
        let values = (text == "scope=head" ? [head] : [0, 1]).map { head in
          let scores = candidates.map { score($0, head) }
          return text == "scope=head" || text.hasSuffix("sum") ? scores : softmax(scores, Double(trace.scale))
        }
        let worth = Dictionary(uniqueKeysWithValues: zip(candidates, sum(values)))
        let tolerance = text == "scope=head" || text.hasSuffix("sum") ? 1e-3 : 1e-6
        #expect(
          areBest(tokens.filter { candidates.contains($0) }, of: candidates, tolerance: tolerance) {
            worth[$0] ?? 0
          })
      }
    }
  }

  /// Scaled logits (10, 6, 0) and (-20, 0, 1) of two heads: softmaxes say the first token, their sum the second.
  @Test(
    arguments: [
      "pqcache:subvectors=1,bits=2,recent-share=0,sinks=0",
      "retroinfer:cluster=1,sinks=0,recent=0,estimated=0",
    ], [("softmax", 0), ("sum", 1)])
  func softmaxesAreSummed(text: String, ranking: (name: String, token: Int)) throws {
    let answer = try SmallTrace.opposed().answer("\(text),ranking=\(ranking.name)", budget: .tokens(2))
    // RetroInfer keeps the decoded token; PQCache ranks it with the others, and the third of the prompt comes second.
    let other = text.hasPrefix("pqcache") ? 2 : 3
    #expect(answer.tokens == [[[ranking.token, other]], [[ranking.token, other]]])
  }

  @Test(arguments: ["scope=head", "scope=group", "scope=group,ranking=sum"], [nil, 1.5] as [Float?])
  func retroInferReadsTheBestClustersAndEstimatesTheNext(text: String, cap: Float?) throws {
    var trace = Self.trace
    trace.logitSoftcap = cap
    trace.scale = 0.03
    let answer = try trace.answer(
      "retroinfer:cluster=4,estimated=0.4,rounds=3,sinks=2,recent=5,\(text)", budget: .tokens(40))
    let corrections = try #require(answer.corrections)
    let zone = Array(2..<35)
    let (centres, owner) = Self.clusters(zone.map(trace.key), count: 8, rounds: 3)
    let members = centres.indices.map { index in zone.filter { owner(trace.key($0)) == index } }.filter {
      !$0.isEmpty
    }
    let centroids = centres.indices.filter { index in zone.contains { owner(trace.key($0)) == index } }.map {
      centres[$0]
    }
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        let end = trace.steps[step].visible.upperBound
        let heads = (text == "scope=head" ? [head] : [0, 1]).map { head in
          let scores = centroids.map { dot(trace.query(head, step), $0) }
          guard text == "scope=group" else { return scores }
          let logits = scores.map { $0 * Double(trace.scale) }
          return softmax(cap.map { cap in logits.map { Double(cap) * tanh($0 / Double(cap)) } } ?? logits, 1)
        }
        let worth = sum(heads)
        let order = worth.indices.sorted { worth[$0] > worth[$1] }
        var expected = Set([0, 1] + Array(35..<end))
        var next = 0
        while expected.count < 40, next < order.count {
          for token in members[order[next]] where expected.count < 40 { expected.insert(token) }
          next += 1
        }
        #expect(answer.tokens[head][step] == expected.sorted())
        let estimated = order.dropFirst(next).prefix(Int((0.4 * Double(members.count)).rounded()))
        let terms = corrections[head][step].terms
        #expect(terms.map(\.count) == estimated.map { Float(members[$0].count) })
        for (term, cluster) in zip(terms, estimated) {
          let logit = dot(trace.query(head, step), centroids[cluster]) * Double(trace.scale)
          let capped = cap.map { Double($0) * tanh(logit / Double($0)) } ?? logit
          #expect(abs(Double(term.logit) - capped) < 1e-4)
          let values = sum(members[cluster].map { trace.values[$0].map(Double.init) })
          for (a, b) in zip(term.valueSum, values) { #expect(abs(Double(a) - b) < 1e-4) }
        }
      }
    }
  }

  @Test(arguments: ["sinks=8192", "sinks=41,recent=0", "recent=8192", "sinks=0,recent=0"])
  func retroInferTakesAnyGuard(guarded: String) throws {
    for head in try Self.trace.answer("retroinfer:cluster=4,\(guarded)", budget: .tokens(9)).tokens {
      #expect(head.allSatisfy { $0.count == 9 })
    }
  }

  /// Clusters of one token: under a sliding window, whose first tokens are read, none stands for a token that is.
  @Test func retroInferCountsNoTokenTwice() throws {
    let trace = SmallTrace(heads: 2, positions: [41, 45], window: 20).complete(prompt: 41)
    let answer = try trace.answer("retroinfer:cluster=1,estimated=1,sinks=3,recent=2", budget: .tokens(9))
    let corrections = try #require(answer.corrections)
    for head in trace.queries.indices {
      for (index, step) in trace.steps.enumerated() {
        let estimated = corrections[head][index].terms
        #expect(!estimated.isEmpty)
        #expect(
          answer.tokens[head][index].count + Int(estimated.reduce(0) { $0 + $1.count }) <= step.visible.count)
      }
    }
  }

  /// What is always kept without a common parameter saying so is named, for who compares.
  @Test(arguments: [
    ("sparq", "the newest 0.25 of k"), ("pqcache:recent-share=0.1", "the newest 0.1 of k"),
    ("infllm", "the first 0.02 and newest 0.65 of k"), ("arkvale", "the first 2 and last 2 pages"),
    ("shadowkv", "the last 4 chunks, and up to 0.16 of k as outliers"), ("magicpig", "every decoded token"),
    ("retroinfer", "every decoded token"), ("clusterkv", "every decoded token"),
    ("squeezed-attention:window=7", "the prompt's last 7 tokens and every decoded one"),
  ]) func whatIsAlwaysKeptIsNamed(text: String, phrase: String) throws {
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    #expect(configuration.descriptor.alwaysKeeps?(configuration.values) == phrase)
  }

  /// Hardly a chance to meet, and nothing kept by force: the query's own token is there.
  @Test func magicPIGAttendsToTheNewestAtLeast() throws {
    let trace = Self.trace
    for tokens in try trace.answer("magicpig:bits=16,tables=2,sinks=0,recent=0").tokens {
      for (step, set) in zip(trace.steps, tokens) { #expect(set.last == step.position) }
    }
  }

  /// What does not fit the kernels is refused before any work.
  @Test(arguments: [
    ("quest", 520, 1040), ("quest-meanstd", 520, 1040), ("arkvale", 520, 1040), ("retroinfer", 1024, 1025),
    ("pqcache:subvectors=1", 1024, 1025), ("clusterkv", 1024, 1025), ("squeezed-attention", 1024, 1025),
  ]) func vectorsTooWideAreRefused(text: String, headDim: Int, width: Int) throws {
    let trace = SmallTrace(headDim: headDim, positions: [1])
    let error = PolicyError(
      "\(text.prefix { $0 != ":" }): layer 3",
      expected: "vectors of at most 1024 numbers, which the kernels score",
      found: "\(width) for heads of \(headDim) channels", advice: "leave the policy out on this trace")
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    #expect(throws: error) { try configuration.policy(for: trace.group) }
  }

  /// With one bit and many tables every token is met, and the correction is the logarithm of the paper's probability.
  @Test(arguments: [(1, 40), (3, 12), (10, 150)]) func magicPIGCorrectsByTheSamplingProbability(
    bits: Int, tables: Int
  ) throws {
    let trace = Self.trace
    let answer = try trace.answer("magicpig:bits=\(bits),tables=\(tables),sinks=1,recent=2")
    let corrections = try #require(answer.corrections)
    let centre = mean((0..<40).map(trace.key))
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        let end = trace.steps[step].visible.upperBound
        let tokens = answer.tokens[head][step]
        // Two of the prompt, and all that decoding added.
        #expect(Set(tokens).isSuperset(of: [0] + Array(38..<end)))
        for (token, offset) in zip(tokens, corrections[head][step].offsets) {
          if token == 0 || token >= 38 { #expect(offset == 0); continue }
          let key = zip(trace.key(token), centre).map { $0 - $1 }
          let q = trace.query(head, step)
          let p = 1 - acos(max(-1, min(1, dot(q, key) / length(q) / length(key)))) / .pi
          let one = pow(p, Double(bits))
          let met = 1 - pow(1 - one, Double(tables)) - Double(tables) * one * pow(1 - one, Double(tables - 1))
          let raised = max(met, 0) + 1e-4
          #expect(abs(Double(offset) + log(raised)) < 1e-3 * max(1, -log(raised)))
        }
      }
    }
  }

  /// The share of tokens met twice is, over many seeds, what the probability says.
  @Test func magicPIGMeetsAsOftenAsItSays() throws {
    var trace = SmallTrace(heads: 1, positions: [20]).complete(prompt: 20)
    var (met, expected) = (0.0, 0.0)
    for seed in 0..<60 {
      trace.seed = UInt64(seed)
      let tables = try trace.tables()
      let hash = SimHash(tables, group: trace.group, bits: 3, count: 10)
      let block = try trace.block(tables: tables)
      QueryBlock(block, budgets: [21]).meet(hash, tier: .host, among: { $0.clamped(to: 0..<20) }) {
        row, hits in
        for (token, hits) in zip(hits.indices, hits) {
          met += hits >= 2 ? 1 : 0
          expected += exp(-Double(hash.offset(query: block.query(row), token: token)))
        }
      }
    }
    // 1,200 draws, not independent within a seed: five standard deviations of 1,200 independent ones are 87.
    #expect(abs(met - expected) < 120)
    #expect(expected > 200 && expected < 1100)
  }
}
