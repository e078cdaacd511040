import Testing

@testable import Policies

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Twilight and RocketKV.
@Suite struct CombinatorsTests {
  static let trace = SmallTrace(heads: 3, positions: [30, 31, 47]).complete(prompt: 30, window: 4)

  /// Quantised to 16 bits, that is not at all, over the oracle's candidates: the smallest set that holds p of them.
  @Test(arguments: [0.3, 0.85, 0.99], [16, 4]) func twilightPrunesToP(p: Double, bits: Int) throws {
    try Self.prunesToP(Self.trace, p: p, bits: bits)
    // A cap of the logits flattens softmax, so that more tokens are needed.
    var capped = Self.trace
    capped.logitSoftcap = 2
    try Self.prunesToP(capped, p: p, bits: bits)
  }

  static func prunesToP(_ trace: SmallTrace, p: Double, bits: Int) throws {
    let text = "twilight:base=oracle,candidates=12,p=\(p),bits=\(bits)"
    let answer = try trace.answer(text)
    let candidates = try trace.answer("oracle", budget: .tokens(12)).tokens
    for head in trace.queries.indices {
      for step in trace.steps.indices {
        let logits = candidates[head][step].map { token -> Double in
          let key = ChannelSelectorsTests.rounded(trace.key(token), bits: bits)
          let logit = dot(trace.query(head, step), key) * Double(trace.scale)
          return trace.logitSoftcap.map { Double($0) * tanh(logit / Double($0)) } ?? logit
        }
        let weights = logits.map { exp($0) }
        let total = weights.reduce(0, +)
        let order = weights.indices.sorted {
          abs(weights[$0] - weights[$1]) > 1e-9 ? weights[$0] > weights[$1] : $0 < $1
        }
        var (mass, chosen): (Double, [Int]) = (0, [])
        for place in order where mass < p * total * (1 - 1e-7) {
          mass += weights[place]
          chosen.append(candidates[head][step][place])
        }
        #expect(answer.tokens[head][step] == chosen.sorted(), "\(text)")
      }
    }
  }

  /// Reading of candidates: a key of 8 channels in 4 bits, with lowest and step; two heads of 3 candidates each.
  @Test func twilightsBytesByHand() throws {
    let trace = SmallTrace(positions: [3, 4])
    let bytes = try trace.answer("twilight:base=oracle,candidates=3").ledger.bytes
    #expect(bytes[.init(.metadata, .gather(rowBytes: 8))]?.readPerHead == 2 * 2 * 3 * 8)
    #expect(bytes[.init(.metadata, .stream)] == TrafficBytes(written: 2 * 8))
    // And what the oracle reads to propose them.
    #expect(bytes[.init(.keys, .stream)]?.readGroupUnion == 9 * 16)
    // Scores of 9 tokens by the oracle and of 6 candidates by Twilight, for each of two heads.
    #expect(
      bytes[.init(.scores, .stream)] == TrafficBytes(readPerHead: 120, readGroupUnion: 120, written: 120))
    let policy = try PolicyGrammar.parse(["twilight:base=oracle"])[0].policy(for: trace.group)
    #expect(!policy.readsChosenKeys)
  }

  /// Sinks and last tokens stay whatever mass they hold, and are not counted twice.
  @Test(arguments: [0.01, 0.5, 1]) func twilightKeepsWhatIsGuarded(p: Double) throws {
    let trace = Self.trace
    let answer = try trace.answer("twilight:base=oracle,candidates=12,p=\(p),bits=16,sinks=2,recent=3")
    for head in answer.tokens {
      for (step, tokens) in zip(trace.steps, head) {
        let end = step.visible.upperBound
        #expect(Set(tokens).isSuperset(of: [0, 1, end - 3, end - 2, end - 1]))
        // The best of 7 others holds a hundredth, should those kept not.
        #expect(p != 0.01 || tokens.count <= 6)
        #expect(p != 1 || tokens.count == 12)
      }
    }
  }

  @Test func pyramidKVRefusesWhatItsBaseIgnores() throws {
    let message = """
      pyramidkv: recent=4 over snapkv, which has no 'recent' and would ignore it: leave it out, or give another base
      """
    #expect(throws: PolicyError(message)) {
      try PolicyGrammar.parse(["pyramidkv:recent=4"])[0].policy(for: Self.trace.group)
    }
    _ = try PolicyGrammar.parse(["pyramidkv:base=oracle,recent=4"])[0].policy(for: Self.trace.group)
  }

  /// Budgets of 8 layers at a prompt of 100 tokens, of which a step sees 104.
  static func pyramid(_ text: String, k: Int) throws -> [Int] {
    var trace = Self.trace
    trace.promptTokens = 100
    return try (0..<8).map { layer -> Int in
      trace.layer = layer
      let policy = try PolicyGrammar.parse(["pyramidkv:\(text)"])[0].policy(for: trace.group)
      return policy.budgets(of: [Step(index: 0, position: 103, visible: 0..<104)], asked: .tokens(k))[0]
    }
  }

  /// The released code's budgets, kept tokens of the window included.
  static func naivePyramid(k: Int, window: Int, beta: Int) -> [Int] {
    let (prompt, layers) = (100, 8)
    let mean = k - window
    if prompt < 2 * mean || mean <= 0 { return Array(repeating: k, count: layers) }
    var least = mean / beta
    var most = 2 * mean - least
    if most >= prompt - window { (most, least) = (prompt - window, 2 * mean - (prompt - window)) }
    let step = (most - least) / (layers - 1)
    return (0..<layers).map { max(1, window + most - $0 * step) }
  }

  @Test(arguments: [10, 33, 40, 50, 51, 60, 90], [2, 20]) func pyramidKVFallsAsTheReleasedCode(
    k: Int, beta: Int
  )
    throws
  {
    #expect(
      try Self.pyramid("base=oracle,beta=\(beta)", k: k) == Self.naivePyramid(k: k, window: 0, beta: beta))
    // SnapKV's window of 32 is no layer's to give away.
    #expect(try Self.pyramid("beta=\(beta)", k: k) == Self.naivePyramid(k: k, window: 32, beta: beta))
  }

  /// By hand: 2 · 40 fit the prompt, so that 78 fall to 2 by steps of ⌊76 / 7⌋; 2 · 60 do not, and all layers get 60.
  @Test func pyramidKVByHand() throws {
    #expect(try Self.pyramid("base=oracle", k: 40) == [78, 68, 58, 48, 38, 28, 18, 8])
    #expect(try Self.pyramid("base=oracle", k: 60) == Array(repeating: 60, count: 8))
    // The mean stays where the last layer gets what it is due.
    let even = try Self.pyramid("base=oracle,fall=even", k: 40)
    #expect(even == [78, 68, 57, 46, 35, 24, 13, 2])
    #expect(abs(even.reduce(0, +) - 8 * 40) <= 8)
  }

  @Test(arguments: [(4096, 256), (8192, 64), (100, 100), (64, 32)]) func rocketKVSplitsTheCompression(
    n: Int, k: Int
  ) {
    let c = Double(n) / Double(k)
    let part = min(0.2 + 0.06 * log2(c), 0.8)
    let expected = max(k, Int(Double(n) / pow(c, part)))
    #expect(abs(RocketKV.firstStage(visible: n, k: k) - expected) <= 1)
  }

  @Test(arguments: [1, 3, 4], [2, 8]) func rocketKVKeepsPagesOfWhatIsLeft(page: Int, channels: Int) throws {
    let trace = Self.trace
    let k = 8
    let answer = try trace.answer(
      "rocketkv:page=\(page),channels=\(channels),window=4,kernel=3", budget: .tokens(k))
    let naive = NaiveEviction(trace: trace)
    let values = naive.snapValues(heads: [0, 1, 2], window: 4, kernel: 3, isMax: true)
    let stages = trace.steps.map { RocketKV.firstStage(visible: $0.visible.count, k: k) }
    let held = naive.sets(stages, value: { token, _ in values[token] })
    for step in trace.steps.indices {
      let kept = held[step]
      let some = ChannelSelectorsTests.largest(trace, step: step, r: channels)
      let pages = stride(from: 0, to: kept.count, by: page).map {
        Array(kept[$0..<min($0 + page, kept.count)])
      }
      let tokens = answer.tokens[0][step]
      #expect(answer.tokens.allSatisfy { $0[step] == tokens })
      let mine = pages.filter { !Set($0).isDisjoint(with: tokens) }
      #expect(mine.count == max(1, k / page))
      #expect(tokens == mine.joined().sorted())
      #expect(
        areBest(mine, of: pages) { page in
          some.reduce(0) { sum, c in
            let q = (0..<3).reduce(0) { $0 + trace.query($1, step)[c] }
            let keys = page.map { trace.key($0)[c] }
            return sum + max(q * (keys.min() ?? 0), q * (keys.max() ?? 0))
          }
        })
    }
  }
}
