import Kernels

/// Redundancy-aware eviction for long reasoning (Cai et al., 2025).
///
/// A token before the last w is worth λ times the attention that the last w queries give it and loses (1 − λ) times how
/// alike its key is to the others held.
public struct RKV: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "r-kv", summary: "Keeps tokens that the last queries attend to and whose keys repeat no others.",
    paper: "https://arxiv.org/abs/2505.24133", kind: .eviction,
    parameters: [lambda, window, kernel, buffer, .sinks], common: [.denseLayers], needs: [.promptWindow],
    cost: "4 bytes a kept token, read and written; all kept keys once a buffer",
    notes: """
      One set per KV head. Importance is the softmax, over the tokens before the last w, of the largest logit among the heads, averaged over the last w queries and \
      max-pooled. Likeness is the softmax of a key's mean cosine with the others held, where each of these forgives the latest key whose cosine with it is above 0.5 and, as in the \
      released code, the first token where there is none. The authors let the cache grow by the buffer and then cut it back; here tokens are judged whenever a buffer's \
      worth has joined, by the queries before, and go one by one in that order, so that no more than k are ever held. What is not judged yet stays, so a buffer is at \
      most half of what k leaves beside the window. λ is the paper's; the released code has 0.07. Keeps w logits of 32 bits per kept token.
      """)

  static let lambda = ParameterDescriptor(
    "lambda", .number(0...1), default: .number(0.1), help: "λ, weight of importance")
  static let window = ParameterDescriptor(
    "window", .integer(1...1024), role: .promptQueries, default: .integer(8),
    help: "last queries that judge, and tokens always kept")
  static let kernel = ParameterDescriptor(
    "kernel", .integer(1...1023), default: .integer(7),
    help: "neighbours that importance is max-pooled over")
  static let buffer = ParameterDescriptor(
    "buffer", .integer(1...100_000), default: .integer(128),
    help: "new tokens after which tokens are judged anew")

  private let lambda: Float
  private let window: Int
  private let kernel: Int
  private let buffer: Int
  private let sinks: Int
  private let group: GroupContext
  private var cache: EvictionCache
  private var values: [Float] = []
  /// Scaled logits of the last queries, the largest of the group's heads, of what it attended to; oldest query first.
  private var recent: [LastQuery] = []
  /// Tokens that joined since they were judged.
  private var joined = Int.max / 2

  private struct LastQuery {
    /// Ascending.
    let tokens: [Int32]
    let logits: [Float]

    /// Of ascending tokens; minus infinity for one that the query did not attend to.
    func logits(of wanted: [Int]) -> [Float] {
      var place = 0
      return wanted.map { token in
        while place < tokens.count, tokens[place] < token { place += 1 }
        return place < tokens.count && tokens[place] == token ? logits[place] : -.infinity
      }
    }
  }

  public init(parameters: ParameterValues, group: GroupContext) {
    lambda = Float(parameters.number(Self.lambda))
    window = parameters.integer(Self.window)
    kernel = parameters.integer(Self.kernel)
    buffer = parameters.integer(Self.buffer)
    sinks = parameters.integer(.sinks)
    self.group = group
    cache = EvictionCache(group, perGroup: true)
  }

  public var choosesPerGroup: Bool { true }

  public mutating func observe(_ prompt: PromptView) {
    values = prompt.recency
    prompt.eachBlock(last: window) { block in
      for (index, step) in block.steps.enumerated() {
        let tokens = step.visible.map(Int32.init)
        recent.append(LastQuery(tokens: tokens, logits: block.largestLogits(step: index, over: tokens)))
      }
    }
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var record = EvictionRecord(block)
    for (step, k) in block.budgets.enumerated() {
      joined += cache.join(0, block.steps[step]).count
      if cache.kept[0].count > k {
        if joined >= min(buffer, max(1, (k - window) / 2)) { judge(block, .directions(block.tables)) }
        let values = values
        cache.shrink(0, to: k, keeping: Guard(sinks: sinks, recent: window + joined)) { values[$0] }
      }
      record.add(cache, unit: 0, step: step)
      let kept = cache.kept[0]
      recent.append(LastQuery(tokens: kept, logits: block.largestLogits(step: step, over: kept)))
      if recent.count > window { recent.removeFirst() }
    }
    let selections = record.selections
    block.chargeState(selections, perGroup: true)
    return selections
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (cache.bytes(perToken: 4 * recent.count), 0)
  }

  /// Values of the tokens before the last `window` held; those, and what joins until the next time, are guarded.
  private mutating func judge(_ block: QueryBlock, _ directions: HeldKeys) {
    joined = 0
    let kept = cache.kept[0].map(Int.init)
    let past = Array(kept.dropLast(window))
    let importance = importance(past, block.kernels)
    let likeness = block.judge(kept.count, by: directions) { key in
      func likeness() -> [Float] {
        KeyLikeness(width: group.headDim, kernels: block.kernels).of(kept, key: key)
      }
      // Whatever the budget, the first time all tokens are there.
      guard let first = kept.first, let last = kept.last, last - first + 1 == kept.count else {
        return likeness()
      }
      return block.tables.cached("key likeness \(first)-\(last)", likeness)
    }
    for place in past.indices {
      let near = (place - kernel / 2..<place - kernel / 2 + kernel).clamped(to: past.indices)
      let pooled = near.reduce(Float(0)) { max($0, importance[$1]) }
      values[past[place]] = lambda * pooled - (1 - lambda) * likeness[place]
    }
  }

  /// Mean over the last queries of their softmax over some tokens.
  private func importance(_ tokens: [Int], _ kernels: Kernels) -> [Float] {
    var sums = Array(repeating: Float(0), count: tokens.count)
    for query in recent {
      var weights = query.logits(of: tokens)
      // A query that saw none of them has no say.
      guard weights.contains(where: { $0 > -.infinity }) else { continue }
      kernels.softmax(&weights)
      for place in sums.indices { sums[place] += weights[place] / Float(recent.count) }
    }
    return sums
  }
}
