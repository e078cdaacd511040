import Attention
import Policies
import Testing
import Traces

@testable import Simulator

/// Scores that a trace holds beside queries, keys and values.
@Suite struct TraceScoresTests {
  static func trace(_ folder: TemporaryFolder, hasScores: Bool, projected: Bool = false) throws -> Trace {
    let synthetic = SyntheticTrace(
      prompt: 120, decode: 12, window: 32,
      geometry: .init(layers: 2, queryHeads: 6, kvHeads: 2, headDim: 16, valueDim: 16),
      elementType: .f32, hasOutputProjection: projected, hasScores: hasScores, seed: 4)
    let path = folder.path("t.zst")
    try synthetic.write(to: path)
    return try Trace(path: path)
  }

  static func run(_ trace: Trace, _ policies: [String]) throws -> [ConfigurationResult] {
    try Replay(trace).run(
      ReplayConfiguration.grid(PolicyGrammar.parse(policies), budgets: [.tokens(20)]),
      options: ReplayOptions(threads: 2)
    ).configurations
  }

  /// The synthetic indexer is two query heads over the first KV head's keys, whose scores are added where they are above 0.
  @Test func theIndexersTensorsAreThoseOfTheTrace() throws {
    let folder = try TemporaryFolder()
    let trace = try Self.trace(folder, hasScores: true)
    let layer = try trace.layer(1)
    let given = TraceScores(trace: trace, needs: [.indexScores, .tokenScores, .valueNorms])
      .given(layer, kvHead: 1, kernels: try .init())
    let index = try #require(given.index)
    #expect(index.keys == Array(layer.k.floatValues().prefix(132 * 16)))
    #expect(index.queries.count == 2 && index.queries[1] == Array(layer.q.floatValues()[44 * 16..<88 * 16]))
    #expect(index.weights?[1] == (44..<88).map { 1 + Float($0 % 3) })
    let keys = layer.k.floatValues()[132 * 16..<264 * 16]
    let lengths = (0..<132).map { token in
      Float(keys.dropFirst(token * 16).prefix(16).reduce(0.0) { $0 - Double($1) * Double($1) })
    }
    #expect(given.tokens == lengths)
    #expect(given.valueNorms?.count == 3 && given.valueNorms?[0] == given.valueNorms?[2])
  }

  /// Against loops in double precision over the trace's tensors.
  @Test func normsAreThoseOfProjectedValues() throws {
    let folder = try TemporaryFolder()
    let trace = try Self.trace(folder, hasScores: false, projected: true)
    let layer = try trace.layer(0)
    let norms = try #require(
      TraceScores(trace: trace, needs: [.valueNorms]).given(layer, kvHead: 1, kernels: try .init())
        .valueNorms)
    let (values, weights) = (layer.v.floatValues(), try #require(layer.outputProjection).floatValues())
    for (place, head) in (3..<6).enumerated() {
      for token in 0..<132 {
        let value = values[(132 + token) * 16..<(133 + token) * 16].map(Double.init)
        let norm = (0..<96).reduce(0.0) { sum, channel in
          let row = weights[channel * 96 + head * 16..<channel * 96 + (head + 1) * 16]
          return sum + abs(zip(row, value).reduce(0.0) { $0 + Double($1.0) * $1.1 })
        }
        #expect(abs(Double(norms[place][token]) / norm - 1) < 1e-5)
      }
    }
  }

  @Test func policiesThatAskForThemRun() throws {
    let folder = try TemporaryFolder()
    let trace = try Self.trace(folder, hasScores: true)
    let found = try Self.run(
      trace,
      ["oracle", "scored", "scored:by=token", "criticalkv", "criticalkv:norm=value", "scored:scope=layer"])
    let recall = found.map { configuration in
      let all = configuration.heads.flatMap { head in (0..<12).map { head[.recall, $0] } }
      return all.reduce(0, +) / Double(all.count)
    }
    // Queries of the layer's own heads tell more than the lengths of keys; both more than nothing.
    #expect(recall[0] == 1 && recall[1] > recall[2] && recall[2] > 0)
    // The synthetic norms are those of the values alone, and an indexer's set is the layer's already.
    #expect(recall[3] == recall[4] && recall[1] == recall[5])
  }

  @Test(
    arguments: [
      ("scored", "an indexer's queries and keys"),
      ("scored:by=token", "a score of each token"),
      ("criticalkv", "take norm=value"),
    ] as [(String, String)])
  func whatIsLackingIsSaid(policy: String, says: String) throws {
    let folder = try TemporaryFolder()
    let trace = try Self.trace(folder, hasScores: false)
    let error = #expect(throws: ReplayError.self) { _ = try Self.run(trace, [policy]) }
    #expect("\(try #require(error))".contains(says))
    let configuration = try #require(PolicyGrammar.parse([policy]).first)
    #expect(
      "\(try #require(Runnability(trace, options: ReplayOptions()).obstacle(configuration)))".contains(says))
  }
}
