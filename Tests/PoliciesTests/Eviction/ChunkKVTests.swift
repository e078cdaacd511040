import Attention
import Testing

@testable import Policies

/// ChunkKV against loops in double precision, and a case worked out from kvpress's code.
@Suite struct ChunkKVTests {
  struct Naive {
    /// One per KV head of the layer.
    let traces: [SmallTrace]
    var chunk = 3
    var window = 4
    var kernel = 3
    var isMax = false
    var isWhole = true

    var text: String {
      "chunkkv:chunk=\(chunk),window=\(window),kernel=\(kernel),pooling=\(isMax ? "max" : "mean"),"
        + "fill=\(isWhole ? "chunks" : "tokens")"
    }

    func sets(_ k: [Int]) -> [[Int]] {
      let trace = traces[0]
      let naive = NaiveEviction(trace: trace)
      let n = trace.promptTokens
      let values = values
      let chunks = chunks
      var held: [Int] = []
      return trace.steps.indices.map { step in
        naive.join(&held, step)
        if step == 0, isWhole, k[0] < n, n >= chunk {
          let order = chunks.indices.sorted { a, b in
            let (first, second) = (values[chunks[a].lowerBound], values[chunks[b].lowerBound])
            return first != second ? first > second : a < b
          }
          let kept = Set(order.prefix(max(1, chunks.count * k[0] / n)).flatMap { Array(chunks[$0]) })
          held = held.filter { $0 >= n || kept.contains($0) }
        }
        naive.drop(&held, to: k[step], recent: 1) { $0 < n ? values[$0] : 1000 + Double($0) }
        return held
      }
    }

    private var chunks: [Range<Int>] {
      let n = traces[0].promptTokens
      return stride(from: 0, to: n, by: chunk).map { $0..<min($0 + chunk, n) }
    }

    /// Of the prompt's tokens, those of a chunk alike.
    private var values: [Double] {
      let n = traces[0].promptTokens
      let start = max(0, n - window)
      let heads = traces.map { trace in
        NaiveEviction(trace: trace).snapValues(
          heads: Array(trace.queries.indices), window: window, kernel: kernel, isMax: isMax)
      }
      let most = heads.flatMap { $0.prefix(start) }.max() ?? 0
      var result = (0..<n).map { token in
        token < start ? heads.reduce(0) { $0 + $1[token] } : most * Double(heads.count)
      }
      guard n >= chunk else { return result }
      for tokens in chunks {
        let mean = tokens.reduce(0) { $0 + result[$1] } / Double(tokens.count)
        // Means of equal numbers are equal whatever their count.
        for token in tokens { result[token] = Double(Float(mean)) }
      }
      return result
    }
  }

  @Test(arguments: [1, 3, 4, 20, 21], [false, true]) func keepsTheChunksOfMostVotes(chunk: Int, isWhole: Bool)
    throws
  {
    try AttentionEvictorsTests.each { trace, budget, k in
      for (window, kernel, isMax) in [(4, 3, false), (6, 5, true), (2, 1, false)] {
        let naive = Naive(
          traces: [trace], chunk: chunk, window: window, kernel: kernel, isMax: isMax, isWhole: isWhole)
        let expected = naive.sets(k)
        let found = try trace.answer(naive.text, budget: budget).tokens
        #expect(found == [expected, expected, expected], "\(naive.text) \(budget)")
      }
    }
  }

  /// Two KV heads: their votes are added up, and the window counts twice the best of either.
  @Test(arguments: [4, 9, 15]) func keepsOneSetPerLayer(k: Int) throws {
    let traces = [AttentionEvictorsTests.trace(seed: 1), AttentionEvictorsTests.trace(seed: 5)]
    let naive = Naive(traces: traces)
    let configuration = try #require(PolicyGrammar.parse([naive.text]).first)
    var policy = try #require(try configuration.policy(for: traces[0].group) as? any LayerPolicy)
    try policy.begin(layer: traces.map(\.group))
    let tables = try traces.map { try $0.tables() }
    try policy.observe(layer: zip(traces, tables).map { try $0.prompt($1) })
    let budgets = traces[0].steps.map { _ in k }
    let views = try zip(traces, tables).map { QueryBlock(try $0.block(tables: $1), budgets: budgets) }
    let expected = naive.sets(budgets)
    let rows = expected + expected + expected
    for chosen in try policy.select(layer: views) {
      let chosen = try #require(chosen)
      #expect((0..<chosen.rows).map { chosen[$0].map(Int.init) } == rows)
    }
  }

  /// Five tokens in chunks of two, of which the short last one is best: at half of the prompt one chunk is kept, which is
  /// token 4 alone.
  @Test(arguments: [
    ("chunks", [[4, 5], [4, 5, 6], [5, 6, 7]]), ("tokens", [[2, 4, 5], [4, 5, 6], [5, 6, 7]]),
  ])
  func aHandWorkedCase(fill: String, expected: [[Int]]) throws {
    var trace = SmallTrace(heads: 1, headDim: 2, positions: [5, 6, 7])
    trace.keys = [3, 0, 1, 4, 0, 0, 0, 0, 0].map { [$0, 0] }
    trace.promptTokens = 5
    trace.windowPositions = [4]
    trace.windowQueries = [[[8, 0]]]
    let text = "chunkkv:chunk=2,window=1,kernel=1,fill=\(fill)"
    #expect(try trace.answer(text, budget: .tokens(3)).tokens == [expected])
  }

  @Test func sinksStay() throws {
    let trace = AttentionEvictorsTests.trace()
    for tokens in try trace.answer("chunkkv:chunk=3,window=4,sinks=2", budget: .tokens(9)).tokens[0] {
      #expect(Array(tokens.prefix(2)) == [0, 1])
    }
  }
}
