import Attention
import Kernels
import Testing

@testable import Policies

/// What holds for every policy that there is.
@Suite struct PolicyPropertyTests {
  /// Every policy that one KV head's trace can serve; the layers that hand choices on have tests of their own.
  static let texts =
    PolicyRegistry.names.filter { !["tidal", "omnikv", "external"].contains($0) } + [
      "fasa:scope=group", "fasa:layout=rows", "oracle:sinks=2,recent=2", "random:recent=3",
      "quest:page=3,least-pages=1", "quest:scope=group,sinks=2,recent=2", "arkvale:page=4",
      "infllm:block=4,scope=head", "sparq:channels=3,scope=group", "loki:axes=pre,rank=3",
      "shadowkv:chunk=3", "magicpig:bits=3,tables=8,sinks=1,recent=2",
      "retroinfer:cluster=3,sinks=1,recent=2", "pqcache:bits=2,subvectors=3", "h2o:scope=group",
      "snapkv:window=3,scope=group", "pyramidkv:base=quest", "twilight:base=oracle,candidates=0.5",
      "rocketkv:page=2,window=3", "r-kv:window=2,buffer=4", "triattention:round=3",
      "duo-attention:retrieval=0,sinks=2,recent=3", "scissorhands:window=3,recent=2",
      "socket:bits=3,tables=8", "socket:bits=2,tables=5,scope=group,sink-share=0",
      "pariskv:sinks=1,recent=2", "raas:page=3", "raas:page=2,stamps=rank,scope=group",
      "raas:page=1,sinks=1,recent=2", "lazy-eviction:window=2,alpha=0.01,scope=group",
      "lagkv:lag=3,sinks=1", "chunkkv:chunk=3,window=3", "chunkkv:chunk=3,window=3,fill=tokens",
      "cake:window=3", "gist:cluster=3,sinks=1,recent=2", "gist-pages:page=3,cluster=3,sinks=1,recent=2",
      "remnants:clusters=0.5,sinks=1", "fasa:scope=layer",
      "oracle:scope=union-cut", "oracle:reuse=3",
      "loki:scope=layer,rank=3", "skip-softmax:factor=2,tile=4,scope=head",
      "skip-softmax:factor=6,tile=3,splits=2", "moba:chunk=4,scope=group",
      "infllm-v2:kernel-size=4,kernel-stride=2,block=4", "clusterkv:clusters=3,sinks=1,rounds=2",
      "squeezed-attention:clusters=0.5,window=3,sparsity=0.4",
      "vattention:sinks=1,recent=2,heavy=0.1,epsilon=0.3", "vattention:sinks=1,recent=1,draws=distinct",
      "kascade:heads=same,recent=2", "scored:by=token,sinks=1", "criticalkv:window=3,norm=value,scope=group",
    ]

  /// Policies that round k down to whole pages, or size their sets by more than k.
  static let atMost: Set<String> = [
    "quest", "quest-meanstd", "arkvale", "infllm", "shadowkv", "infinigen", "rocketkv", "pyramidkv", "adakv",
    "moba", "infllm-v2", "gist-pages",
    "chunkkv", "raas", "remnants",
  ]

  /// Those that take a budget.
  static let sized = texts.filter { configuration($0)?.descriptor.usesBudget == true }
  /// Those that drop for good what they do not keep.
  static let evicting = texts.filter { text in
    (try? configuration(text)?.policy(for: trace().group).isEvicting) == true
  }

  private static func configuration(_ text: String) -> PolicyConfiguration? {
    try? PolicyGrammar.parse([text]).first
  }

  static func trace(window: Int = .max) -> SmallTrace {
    var trace = SmallTrace(heads: 3, positions: [12, 19, 20, 25, 26, 40], window: window).complete(prompt: 12)
    trace.agreement = SmallTrace.agreement(layer: trace.layer, chunks: 4, slices: .rope, pairing: .half)
    trace.given.valueNorms = CriticalKVTests.norms(trace)
    trace.given.tokens = trace.keys.indices.map { Float(($0 * 29) % 53) }
    trace.given.index = ScoredTests.index(trace, heads: 2, isWeighted: true)
    return trace
  }

  @Test(arguments: texts, [Int.max, 12]) func keysOfTheFutureChangeNothing(text: String, window: Int) throws {
    let trace = Self.trace(window: window)
    let expected = try trace.answer(text)
    for step in trace.steps.indices {
      var changed = trace
      for token in trace.keys.indices where token > trace.steps[step].position {
        changed.keys[token] = changed.keys[token].map { _ in 1000 }
      }
      let answer = try changed.answer(text)
      #expect(answer.tokens.map { $0[step] } == expected.tokens.map { $0[step] })
    }
  }

  @Test(arguments: texts, [Int.max, 12]) func setsAreAscendingAndVisible(text: String, window: Int) throws {
    let trace = Self.trace(window: window)
    for head in try trace.answer(text).tokens {
      for (step, tokens) in zip(trace.steps, head) {
        #expect(tokens == Set(tokens).sorted() && !tokens.isEmpty)
        #expect(tokens.allSatisfy(step.visible.contains))
      }
    }
  }

  @Test(arguments: sized, [Budget.tokens(1), .tokens(7), .tokens(1000), .share(0.31)])
  func budgetsAreKeptToTheToken(text: String, budget: Budget) throws {
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    let trace = Self.trace()
    let policy = try configuration.policy(for: trace.group)
    let k = policy.budgets(of: trace.steps, asked: budget)
    for head in try trace.answer(text, budget: budget).tokens {
      // What was evicted does not come back when a share of the cache grows.
      let isExact =
        !Self.atMost.contains(configuration.descriptor.name) && (!policy.isEvicting || budget == .tokens(7))
      for (count, k) in zip(head.map(\.count), k) { #expect(isExact ? count == k : (1...k).contains(count)) }
    }
  }

  /// All that a step sees, in a sliding window too, and nothing read to choose; what is kept for later is written.
  @Test(arguments: sized, [(Int.max, Budget.tokens(41)), (12, .tokens(12)), (.max, .share(1))])
  func aBudgetThatCoversIsDense(text: String, trace: (window: Int, budget: Budget)) throws {
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    let small = Self.trace(window: trace.window)
    let answer = try small.answer(text, budget: trace.budget)
    for head in answer.tokens { #expect(head == small.steps.map { Array($0.visible) }) }
    let isEvicting = try configuration.policy(for: small.group).isEvicting
    for (operation, bytes) in answer.work.sorted where !isEvicting {
      #expect(bytes.readPerHead == 0 && bytes.readGroupUnion == 0 && operation.stage == .upkeep)
    }
    #expect(answer.corrections == nil)
  }

  /// Covered steps beside others, in any blocks: those are whole, and these what they are alone.
  /// PyramidKV's layers have budgets of their own, so that no step is covered in all of them.
  @Test(arguments: sized.filter { !$0.hasPrefix("pyramidkv") }) func someStepsMayBeCovered(text: String)
    throws
  {
    let configuration = try #require(PolicyGrammar.parse([text]).first)
    let trace = Self.trace()
    // Steps see 13, 20, 21, 26, 27 and 41 tokens.
    let answer = try trace.answer(text, budget: .tokens(21), blockSteps: 100)
    for head in answer.tokens {
      #expect(Array(head.prefix(3)) == trace.steps.prefix(3).map { Array($0.visible) })
      #expect(head.dropFirst(3).allSatisfy { $0.count <= 21 || configuration.descriptor.name == "adakv" })
    }
    for blockSteps in [1, 2, 4] {
      #expect(try trace.answer(text, budget: .tokens(21), blockSteps: blockSteps).tokens == answer.tokens)
    }
  }

  /// Matrices start with what their last user left: no policy may read a score that it did not compute.
  @Test(arguments: texts, [Float.nan, .infinity, 1e30])
  func whatMatricesHeldBeforeChangesNothing(text: String, left: Float) throws {
    for window in [Int.max, 12] {
      let trace = Self.trace(window: window)
      let pool = BufferPool()
      let rows = trace.queries.count * trace.steps.count
      for _ in 0..<8 {
        let buffer = FloatBuffer(count: ScoreMatrix(rows: rows, tokens: 41).storage.count)
        buffer.pointer.update(repeating: left, count: buffer.count)
        pool.giveBack(buffer)
      }
      let expected = try trace.answer(text, blockSteps: 100)
      #expect(try trace.answer(text, blockSteps: 100, pool: pool) == expected)
    }
  }

  @Test(arguments: evicting, [Budget.tokens(3), .tokens(9), .share(0.4)])
  func evictedTokensNeverComeBack(text: String, budget: Budget) throws {
    let trace = Self.trace()
    for head in try trace.answer(text, budget: budget).tokens {
      for (index, tokens) in head.enumerated().dropFirst() {
        let old = Set(tokens.filter { $0 <= trace.steps[index - 1].position })
        #expect(old.isSubset(of: head[index - 1]))
      }
    }
  }

  @Test func everyPolicyIsAmongThem() {
    let sizedOnes = PolicyRegistry.policies.map { $0.descriptor }.filter(\.usesBudget).map(\.name)
    #expect(Self.sized.count >= sizedOnes.count - 3 && Self.sized.count < Self.texts.count)
    let evictors = PolicyRegistry.policies.map { $0.descriptor }.filter { $0.kind == .eviction }.map(\.name)
    #expect(Set(evictors).isSubset(of: Self.evicting.map { String($0.prefix { $0 != ":" }) }))
  }

  @Test(arguments: texts) func choicesDoNotDependOnTheBlocks(text: String) throws {
    let trace = Self.trace()
    let expected = try trace.answer(text, blockSteps: 100)
    for blockSteps in [1, 2, 5] { #expect(try trace.answer(text, blockSteps: blockSteps) == expected) }
  }
}
