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
    let bytes = try trace.answer("twilight:base=oracle,candidates=3").work.bytes
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

  /// An oracle whose candidates are all tokens has nothing to choose and reads nothing for it: the keys that are attended to are
  /// read then.
  @Test func twilightReadsTheKeysThatItsBaseDidNot() throws {
    let trace = SmallTrace(positions: [3, 4])
    let answer = try trace.answer("twilight:base=oracle,candidates=100%")
    let bytes = answer.work.bytes
    #expect(bytes[.init(.keys, .stream)]?.readPerHead ?? 0 == 0)
    let chosen = answer.tokens.joined().reduce(0) { $0 + $1.count }
    var union = 0
    for step in trace.steps.indices { union += Set(answer.tokens.flatMap { $0[step] }).count }
    #expect(
      bytes[.init(.keys, .gather(rowBytes: 16))]
        == TrafficBytes(readPerHead: chosen * 16, readGroupUnion: union * 16, written: 0))
  }

  /// Candidates that are all tokens are all, whoever proposes them.
  @Test func twilightsCandidatesMayBeAll() throws {
    let all = try Self.trace.answer("twilight:base=oracle,candidates=1000").tokens
    #expect(try Self.trace.answer("twilight:base=quest,candidates=1000").tokens == all)
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
    let error = PolicyError(
      "pyramidkv: recent=4", expected: "a base that has 'recent'", found: "snapkv, which would ignore it",
      advice: "leave it out, or give another base")
    #expect(throws: error) {
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

  /// By logarithms and powers of the C library, which may differ in the last bit: a token either way.
  @Test(arguments: [(4096, 256), (8192, 64), (100, 100), (64, 32), (65_536, 128), (40, 15), (3000, 500)])
  func rocketKVSplitsTheCompression(n: Int, k: Int) {
    let sizes = RocketKV.Sizes(visible: n, k: k)
    let c = max(1, Double(n) / Double(2 * k))
    let kept = max(k, Int(Double(n) / pow(c, min(0.2 + 0.06 * log2(c), 0.8))))
    #expect(abs(sizes.kept - kept) <= 1)
    let left = max(1, Double(sizes.kept) / Double(2 * k))
    let page = Int(left.squareRoot().rounded(.up))
    #expect(sizes.page == (Double(page) <= left ? page : 1))
    #expect(sizes.channels(of: 64, page: sizes.page) == Int(64 * Double(sizes.page) / left))
    // Twice the budget left over is no compression: every key whole.
    if n <= 2 * k { #expect(sizes.page == 1 && sizes.channels(of: 64, page: 1) == 64) }
  }

  /// 65,536 tokens at k = 128: c is 256, of which .68 is taken first; 256^.32, about 5.9, is left: pages of 3, half of the channels.
  @Test func rocketKVsSizesByHand() {
    let sizes = RocketKV.Sizes(visible: 65_536, k: 128)
    #expect(abs(sizes.kept - 1509) <= 1 && sizes.page == 3 && sizes.channels(of: 64, page: 3) == 32)
  }

  @Test(
    arguments: ["page=1,channels=2", "page=3,channels=8", "page=4,channels=2", "page=0"], ["softmax", "sum"])
  func rocketKVKeepsPagesOfWhatIsLeft(text: String, ranking: String) throws {
    for scale in [0.0625, 0.004] as [Float] {
      var trace = Self.trace
      trace.scale = scale
      let k = 8
      let answer = try trace.answer(
        "rocketkv:\(text),ranking=\(ranking),window=4,kernel=3", budget: .tokens(k))
      let naive = NaiveRocket(trace: trace, k: k, isSoftmax: ranking == "softmax")
      let asked = text.split(separator: ",").map { Int($0.split(separator: "=")[1]) ?? 0 }
      for step in trace.steps.indices {
        let tokens = answer.tokens[0][step]
        #expect(answer.tokens.allSatisfy { $0[step] == tokens })
        #expect(tokens.count == k)
        let (kept, values) = naive.values(
          step: step, page: asked[0], channels: asked.count > 1 ? asked[1] : 0)
        #expect(areBest(tokens, of: kept, tolerance: 1e-5) { values[$0] ?? 0 }, "\(text) \(ranking) \(step)")
      }
    }
  }

  /// Scaled logits of two heads (10, 6, 0) and (-20, 0, 1): softmaxes say the first token, their sum the second.
  @Test(arguments: [("softmax", 0), ("sum", 1)]) func rocketKVSumsSoftmaxes(ranking: String, token: Int)
    throws
  {
    let trace = SmallTrace.opposed()
    let answer = try trace.answer(
      "rocketkv:page=1,channels=2,ranking=\(ranking),window=1", budget: .tokens(2))
    // The third of the prompt comes second either way.
    #expect(answer.tokens == [[[token, 2]], [[token, 2]]])
  }
}

/// RocketKV's second stage by loops, over what SnapKV's votes leave.
struct NaiveRocket {
  let trace: SmallTrace
  let k: Int
  let isSoftmax: Bool

  /// What is left of a step and what each token of it is worth: softmax of its page's bound, or the bound itself.
  func values(step: Int, page: Int, channels: Int) -> (kept: [Int], values: [Int: Double]) {
    let naive = NaiveEviction(trace: trace)
    let heads = Array(trace.queries.indices)
    let votes = naive.snapValues(heads: heads, window: 4, kernel: 3, isMax: true)
    let sizes = trace.steps.map { RocketKV.Sizes(visible: $0.visible.count, k: k) }
    let kept = naive.sets(sizes.map(\.kept), value: { token, _ in votes[token] })[step]
    let page = page > 0 ? page : sizes[step].page
    let r = channels > 0 ? channels : sizes[step].channels(of: trace.headDim, page: page)
    let some = ChannelSelectorsTests.largest(trace, step: step, r: r)
    let summed = sum(heads.map { trace.query($0, step) })
    var values: [Int: Double] = [:]
    for head in heads {
      let q = trace.query(head, step)
      var logits: [Int: Double] = [:]
      for start in stride(from: 0, to: kept.count, by: page) {
        let tokens = kept[start..<min(start + page, kept.count)]
        let bound = some.reduce(0.0) { total, c in
          let keys = tokens.map { trace.key($0)[c] }
          return total + q[c] * (summed[c] > 0 ? keys.max() ?? 0 : keys.min() ?? 0)
        }
        for token in tokens { logits[token] = bound }
      }
      if isSoftmax {
        let part = some.reduce(0.0) { $0 + abs(q[$1]) }
        let temperature = part > 0 ? (part / q.reduce(0) { $0 + abs($1) }).squareRoot() : 1
        let largest = logits.values.max() ?? 0
        let weights = logits.mapValues { exp(($0 - largest) * Double(trace.scale) / temperature) }
        let total = weights.values.reduce(0, +)
        for (token, weight) in weights { values[token, default: 0] += weight / total }
      } else {
        for (token, logit) in logits { values[token, default: 0] += logit }
      }
    }
    return (kept, values)
  }
}

extension SmallTrace {
  /// Three prompt tokens and the query's own, whose scaled logits are (10, 6, 0) and (-20, 0, 1) for two heads, and far below
  /// them for the last token: key t of head h's channel h is the logit.
  static func opposed() -> SmallTrace {
    var trace = SmallTrace(heads: 2, headDim: 2, positions: [3]).complete(prompt: 3, window: 1)
    trace.scale = 1
    trace.keys = [[10, -20], [6, 0], [0, 1], [-40, -40]] + Array(repeating: [0, 0], count: 5)
    trace.queries = [[[1, 0]], [[0, 1]]]
    return trace
  }
}
