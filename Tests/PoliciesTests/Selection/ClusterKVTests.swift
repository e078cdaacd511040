import Attention
import Testing

@testable import Policies

@Suite struct ClusterKVTests {
  @Test(
    arguments: ["cosine", "mixed", "distance"], ["scope=head", "scope=group", "scope=head,recent=3"])
  func takesWholeClustersAndCutsTheLast(likeness: String, text: String) throws {
    let recent = text.hasSuffix("recent=3") ? 3 : 0
    for seed in 1...4 {
      let trace = SmallTrace(heads: 2, positions: [40, 41, 60], seed: UInt64(seed)).complete(prompt: 40)
      let answer = try trace.answer(
        "clusterkv:clusters=8,rounds=3,sinks=2,likeness=\(likeness),\(text)", budget: .tokens(35))
      let clusters = NaiveClusters(trace, 2..<40 - recent, count: 8, rounds: 3, likeness: likeness)
      for head in trace.queries.indices {
        for (step, tokens) in answer.tokens[head].enumerated() {
          let kept = [0, 1] + Array(40 - recent..<trace.steps[step].visible.upperBound)
          #expect(tokens.count == 35 && tokens == tokens.sorted() && Set(tokens).isSuperset(of: kept))
          let voters = text == "scope=group" ? [0, 1] : [head]
          #expect(
            clusters.areBest(Set(tokens).subtracting(kept)) { cluster in
              voters.reduce(0) { $0 + dot(trace.query($1, step), clusters.centres[cluster]) }
            })
        }
      }
    }
  }

  /// Sizes in rank order 3, 4, 5, a budget of 8 of which 2 are sinks, worked out from the authors' code: the first cluster and
  /// the three lowest tokens of the second. A decoded token, which here counts in k, makes it 9.
  @Test func theLastClusterLosesItsLaterTokens() throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [14]).complete(prompt: 14)
    let (a, b, c): ([Int], [Int], [Int]) = ([0, 1], [1, 0], [0, -1])
    // Keys evenly apart, of which the rounds begin, are the tokens 2, 6 and 10.
    let clustered = [a, c, b, c, b, c, a, b, c, c, b, a]
    trace.keys = [[3, 3], [3, 3]] + clustered + Array(repeating: [0, 0], count: 6)
    trace.queries = [[[1, 2]]]
    // Products of the centroids are 2, 1 and -2.
    let answer = try trace.answer("clusterkv:clusters=3,sinks=2", budget: .tokens(9))
    #expect(answer.tokens == [[[0, 1, 2, 4, 6, 8, 9, 13, 14]]])
  }

  @Test(arguments: ["sinks=8192", "sinks=41,recent=0", "recent=8192", "sinks=0,clusters=0.25"])
  func takesAnyGuard(text: String) throws {
    let trace = SmallTrace(heads: 2, positions: [40, 41, 60]).complete(prompt: 40)
    for head in try trace.answer("clusterkv:\(text)", budget: .tokens(9)).tokens {
      #expect(head.allSatisfy { $0.count == 9 })
    }
  }

  /// By hand: two heads, keys of 16 bytes, steps that see 4 and 5 tokens after a prompt of 3; one cluster of one token.
  @Test func bytesByHand() throws {
    let trace = SmallTrace(positions: [3, 4]).complete(prompt: 3, window: 2)
    let found = try trace.answer("clusterkv:clusters=1,sinks=1,recent=1", budget: .tokens(3)).work.bytes
    // k holds the first token, of the prompt's last and the decoded ones two, and so none of the cluster.
    // A centroid and its list's beginning, 4 bytes, a step.
    #expect(
      found == [
        .init(.metadata, .stream): TrafficBytes(readPerHead: 2 * 2 * 20, readGroupUnion: 2 * 16 + 2 * 4),
        .init(.scores, .stream): TrafficBytes(readPerHead: 16, readGroupUnion: 16, written: 16),
      ])
    // With 4 the first step is covered, which reads nothing, and the second lacks one: the cluster's token again.
    let one = try trace.answer("clusterkv:clusters=1,sinks=1,recent=0", budget: .tokens(4)).work.bytes
    // Two tokens between; decoding added two, so that one of them is named, by both heads.
    #expect(
      one == [
        .init(.metadata, .stream): TrafficBytes(readPerHead: 2 * (16 + 4 + 4), readGroupUnion: 16 + 4 + 4),
        .init(.scores, .stream): TrafficBytes(readPerHead: 8, readGroupUnion: 8, written: 8),
      ])
    let policy = try PolicyGrammar.parse(["clusterkv:clusters=1,sinks=1"])[0].policy(for: trace.group)
    let (device, host) = policy.residentExtraBytes(tokens: 64)
    // A centroid and its list's beginning, and the numbers of two tokens.
    #expect(device == 16 + 4 + 2 * 4 && host == 0)
  }
}
