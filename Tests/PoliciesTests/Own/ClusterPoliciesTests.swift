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

/// `gist` and `remnants` against loops in double precision.
@Suite struct ClusterPoliciesTests {
  /// Clusters that tokens join one by one.
  struct Clusters {
    let trace: SmallTrace
    var members: [[Int]]
    var centres: [[Double]]
    /// Sums of squared distances from the centres.
    var squares: [Double]

    init(_ trace: SmallTrace, members: [[Int]], centres: [[Double]]) {
      (self.trace, self.members, self.centres) = (trace, members, centres)
      squares = zip(members, centres).map { tokens, centre in
        tokens.reduce(0) { $0 + Self.square(trace.key($1), centre) }
      }
    }

    static func square(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }

    mutating func add(_ token: Int) {
      let key = trace.key(token)
      let distances = centres.map { Self.square(key, $0) }
      let least = distances.min() ?? 0
      guard let nearest = distances.firstIndex(where: { $0 < least + 1e-6 }) else { return }
      members[nearest] = (members[nearest] + [token]).sorted()
      let count = Double(members[nearest].count)
      squares[nearest] += distances[nearest] * (count - 1) / count
      centres[nearest] = zip(centres[nearest], key).map { $0 + ($1 - $0) / count }
    }

    func logits(_ query: [Double], spread: Double) -> [Double] {
      centres.indices.map { cluster in
        let scale = Double(trace.scale)
        let capped = capped(dot(query, centres[cluster]))
        let deviation = squares[cluster] / Double(members[cluster].count * query.count)
        return capped + spread * dot(query, query) * scale * scale * deviation / 2
      }
    }

    /// The share by which what is not read weighs what it should for the window's queries, as logarithms have it.
    func fitted(most: Double, reading k: Int) -> Double {
      func error(_ share: Double) -> Double {
        var sum = 0.0
        for head in trace.queries.indices {
          for (index, position) in trace.windowPositions.enumerated() {
            let query = trace.windowQueries[head][index].map(Double.init)
            let raised = logits(query, spread: share)
            var (read, estimate, truth) = (0, 0.0, 0.0)
            for cluster in raised.indices.sorted(by: { raised[$0] > raised[$1] }) {
              let seen = members[cluster].filter { $0 <= position }
              if read < k {
                read += seen.count
              } else {
                estimate += Double(seen.count) * exp(raised[cluster])
                truth += seen.reduce(0) { $0 + exp(capped(dot(query, trace.key($1)))) }
              }
            }
            if truth > 0 { sum += abs(log(estimate) - log(truth)) }
          }
        }
        return sum
      }
      let shares = [0, 0.0625, 0.125, 0.25, 0.5, 1].map { $0 * most }
      return shares.min { error($0) < error($1) } ?? 0
    }

    func capped(_ score: Double) -> Double {
      let logit = score * Double(trace.scale)
      return trace.logitSoftcap.map { Double($0) * tanh(logit / Double($0)) } ?? logit
    }

    /// Whether terms stand for these clusters, in this order.
    func expect(_ terms: [OutputCorrection.Term], are clusters: [Int], _ logits: [Double]) {
      #expect(terms.map(\.count) == clusters.map { Float(members[$0].count) })
      for (term, cluster) in zip(terms, clusters) {
        #expect(abs(Double(term.logit) - logits[cluster]) < 1e-4 * max(1, abs(logits[cluster])))
        let values = sum(members[cluster].map { trace.values[$0].map(Double.init) })
        for (a, b) in zip(term.valueSum, values) { #expect(abs(Double(a) - b) < 1e-4) }
      }
    }
  }

  static func trace(cap: Float?) -> SmallTrace {
    var trace = SmallTrace(heads: 2, positions: [40, 41, 60, 61]).complete(prompt: 40)
    trace.logitSoftcap = cap
    trace.scale = 0.03
    return trace
  }

  @Test(arguments: [0, 0.5, 1], [nil, 1.5] as [Float?])
  func gistReadsTheClustersThatAreWorthMost(spread: Double, cap: Float?) throws {
    let trace = Self.trace(cap: cap)
    let text = "gist:cluster=4,estimated=0.4,rounds=3,sinks=2,recent=5,spread=\(spread)"
    let answer = try trace.answer(text, budget: .tokens(12), blockSteps: 3)
    #expect(try trace.answer(text, budget: .tokens(12), blockSteps: 1) == answer)
    let corrections = try #require(answer.corrections)
    let naive = NaiveClusters(trace, 2..<35, count: 8, rounds: 3, likeness: "distance")
    var clusters = Clusters(trace, members: naive.members, centres: naive.centres)
    let fitted = clusters.fitted(most: spread, reading: 12)
    #expect(spread == 0 || fitted > 0, "so that the spread is seen to count")
    var next = 35
    for step in trace.steps.indices {
      let end = trace.steps[step].visible.upperBound
      while next < end - 5 {
        clusters.add(next)
        next += 1
      }
      let logits = [0, 1].map { clusters.logits(trace.query($0, step), spread: fitted) }
      let worth = sum(logits.map { softmax($0, 1) })
      let order = worth.indices.sorted { worth[$0] > worth[$1] }
      var expected = Set([0, 1] + Array(end - 5..<end))
      var taken = 0
      while expected.count < 12, taken < order.count {
        for token in clusters.members[order[taken]] where expected.count < 12 { expected.insert(token) }
        taken += 1
      }
      let others = order.dropFirst(taken).prefix(Int((0.4 * Double(order.count)).rounded()))
      for head in [0, 1] {
        #expect(answer.tokens[head][step] == expected.sorted())
        clusters.expect(corrections[head][step].terms, are: Array(others), logits[head])
      }
    }
  }

  /// What both heads attend to is held once; nothing that was dropped comes back.
  @Test(arguments: [0, 0.5], [nil, 1.5] as [Float?])
  func remnantsTakeUpWhatGoes(spread: Double, cap: Float?) throws {
    let trace = Self.trace(cap: cap)
    let text = "remnants:clusters=0.25,rounds=3,sinks=2,recent-share=0.4,spread=\(spread)"
    let answer = try trace.answer(text, budget: .tokens(16), blockSteps: 3)
    #expect(try trace.answer(text, budget: .tokens(16), blockSteps: 1) == answer)
    let corrections = try #require(answer.corrections)
    var naive = NaiveEviction(trace: trace)
    naive.sinks = 2
    var gathered: [Int: Double] = [:]
    for head in [0, 1] {
      for query in trace.windowPositions.indices {
        for (token, weight) in trace.windowAttention(head: head, query) {
          gathered[token, default: 0] += weight
        }
      }
    }
    func clustered(_ gone: [Int]) -> Clusters {
      let (centres, owner) = EstimatingSelectorsTests.clusters(gone.map(trace.key), count: 4, rounds: 3)
      let members = centres.indices.map { index in gone.filter { owner(trace.key($0)) == index } }
        .filter { !$0.isEmpty }
      return Clusters(trace, members: members, centres: members.map { mean($0.map(trace.key)) })
    }
    // What the prompt's last query would have dropped.
    var trial = Array(0..<40)
    naive.drop(&trial, to: 12, recent: 6) { gathered[$0] ?? 0 }
    let fitted = clustered((0..<40).filter { !trial.contains($0) }).fitted(most: spread, reading: 0)
    #expect(spread == 0 || fitted > 0, "so that the spread is seen to count")
    var held: [Int] = []
    var clusters: Clusters?
    for step in trace.steps.indices {
      naive.join(&held, step)
      let before = held
      // Four of sixteen are clusters; of the others six are the newest.
      naive.drop(&held, to: 12, recent: 6) { gathered[$0] ?? 0 }
      let gone = before.filter { !held.contains($0) }
      if clusters == nil {
        clusters = clustered(gone)
      } else {
        for token in gone { clusters?.add(token) }
      }
      let known = try #require(clusters)
      for head in [0, 1] {
        #expect(answer.tokens[head][step] == held)
        known.expect(
          corrections[head][step].terms, are: Array(known.members.indices),
          known.logits(trace.query(head, step), spread: fitted))
        for (token, weight) in naive.attention(head, step, held) { gathered[token, default: 0] += weight }
      }
    }
  }

  static func metadata(_ answer: Answer) -> TrafficBytes {
    answer.work.bytes.filter { $0.key.content == .metadata }.reduce(into: TrafficBytes()) { $0 += $1.value }
  }

  /// 3 heads share what is read; keys and values are of 8 numbers in 16 bits.
  @Test func bytesAreThoseOfClustersAndLists() throws {
    let trace = SmallTrace(heads: 3, positions: [40]).complete(prompt: 40)
    let gist = try trace.answer(
      "gist:cluster=4,estimated=0.5,rounds=2,sinks=2,recent=5,spread=0", budget: .tokens(20))
    let clusters = NaiveClusters(trace, 2..<35, count: 8, rounds: 2, likeness: "distance").members.count
    let estimated = Int((0.5 * Double(clusters)).rounded())
    // A centroid each, values' sums, and one token's own that joins; then lists: where each begins, and thirteen tokens.
    let joined = 16 + 16
    let lists = clusters * 4 + 13 * 4
    let moved = Self.metadata(gist)
    #expect(moved.readGroupUnion == clusters * 16 + estimated * 16 + joined + lists)
    #expect(moved.written == joined)
    let remnants = try trace.answer("remnants:clusters=0.25,rounds=2,spread=0", budget: .tokens(16))
    let held = try #require(remnants.corrections)[0][0].terms.count
    #expect(
      Self.metadata(remnants)
        == TrafficBytes(
          readPerHead: held * 32 * 3, readGroupUnion: held * 32, written: 0))
  }
}
