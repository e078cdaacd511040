import Attention

/// SnapKV once after the prompt, then page bounds on the query's largest channels (Behnam et al., ICML 2025).
///
/// Of a compression c = n / 2 k the first stage takes c^r, r = min(0.2 + 0.06 · log₂ c, 0.8), by dropping prompt tokens for
/// good. Of what is left each step attends to k tokens, those of the pages of highest bound, taken on the channels that
/// are largest in the queries of the KV head. Choosing reads about as much as attending to k tokens.
public struct RocketKV: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "rocketkv",
    summary: "Drops prompt tokens as SnapKV does, then keeps pages by bounds on a few channels.",
    paper: "https://arxiv.org/abs/2502.14051", kind: .selection,
    parameters: [page, channels, .ranking, window, kernel, pooling], common: [.denseLayers],
    needs: [.promptWindow], ranks: .nothing, remembersSteps: true,
    cost: "r a page of what is left",
    notes: """
      The authors' token budget is what choosing and attending read together, each half of it: here k is what is attended to, and their budget 2 k. \
      One set per KV head, its query heads' votes summed; which bound of a page and channel counts goes by the sign of their summed query, so that one is read. \
      Bounds are softmaxed per head at SparQ's temperature. A page is of neighbours among the tokens kept; of the last page that fits k the first tokens are taken. \
      Decoded tokens are not dropped. What the first stage drops never comes back, but keys and values of the rest stay, so that kind is selection. \
      c is taken at every step; the authors take it once, for the longest text. \
      With `ranking=sum` output error is 0.172 for 0.149 on qa-4096 at 256 (recall 0.564 for 0.540) and 0.149 for 0.140 on prose-8192 (0.503 for 0.484), at 19 % 0.079 for 0.061 and 0.019 for 0.016; \
      with pages of 4 tokens and 32 channels whatever c, 0.189 and 0.174 at 256, 0.091 and 0.028 at 19 %.
      """)

  static let page = ParameterDescriptor(
    "page", .integer(0...4096), default: .integer(0),
    help:
      "kept tokens of a page; 0: ⌈√c⌉ of the compression c that is left to the second stage, as the authors do"
  )
  static let channels = ParameterDescriptor(
    "channels", .integer(0...1024), default: .integer(0),
    help: "channels that pages are scored on; 0: d · page / c, as the authors do")
  static let window = ParameterDescriptor(
    "window", .integer(1...100_000), role: .promptQueries, default: .integer(32),
    help: "last prompt queries that vote")
  static let kernel = ParameterDescriptor(
    "kernel", .integer(1...1023), default: .integer(63), help: "neighbours that votes are pooled over")
  static let pooling = ParameterDescriptor(
    "pooling", .choice(["max", "mean"]), default: .word("max"), help: "how they are pooled")

  private let page: Int
  private let channels: Int
  private let isSoftmax: Bool
  private let votes: SnapVotes
  private let group: GroupContext
  private var cache: EvictionCache
  private var values: [Float] = []
  /// Of the last step.
  private var sizes = Sizes(visible: 1, k: 1)

  public init(parameters: ParameterValues, group: GroupContext) {
    page = parameters.integer(Self.page)
    channels = min(parameters.integer(Self.channels), group.headDim)
    isSoftmax = parameters.word(.ranking) == "softmax"
    votes = SnapVotes(parameters, group)
    self.group = group
    cache = EvictionCache(group, perGroup: true)
  }

  public var choosesPerGroup: Bool { true }

  public mutating func observe(_ prompt: PromptView) {
    values = votes.values(prompt, heads: 0..<group.groupSize)
  }

  /// How a step's compression is shared out between the stages, and between tokens and channels of the second.
  struct Sizes {
    /// Tokens that the first stage keeps.
    let kept: Int
    /// What is left to the second stage, over the authors' budget; at least 1.
    private let compression: Double

    init(visible: Int, k: Int) {
      let budget = Double(2 * k)
      let log = PortableMath.log(max(1, Double(visible) / budget))
      let part = min(0.2 + 0.06 * log / PortableMath.log(2), 0.8)
      kept = max(k, Int((Double(visible) * PortableMath.exp(-log * part)).rounded(.down)))
      compression = max(1, Double(kept) / budget)
    }

    /// Tokens of a page: its root's share of the compression, or none of it where that would be more than all.
    var page: Int {
      let root = compression.squareRoot().rounded(.up)
      return root <= compression ? Int(root) : 1
    }

    func channels(of headDim: Int, page: Int) -> Int {
      min(headDim, max(1, Int(Double(headDim * page) / compression)))
    }
  }

  /// Tokens of a page where `sizes` leaves that open.
  private func page(_ sizes: Sizes) -> Int { page == 0 ? sizes.page : page }

  public func pieceTokens(of step: Step, budget: Int) -> Int {
    page(Sizes(visible: step.visible.count, k: budget))
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var sets: [[Int32]] = []
    for (step, k) in block.budgets.enumerated() {
      cache.join(0, block.steps[step])
      let values = values
      sizes = Sizes(visible: block.steps[step].visible.count, k: k)
      cache.shrink(0, to: sizes.kept) { values[$0] }
      let kept = cache.kept[0]
      let page = page(sizes)
      let some = largest(
        block, step: step, count: channels == 0 ? sizes.channels(of: group.headDim, page: page) : channels)
      let scores = scores(kept, pageTokens: page, some, block, step)
      let best = scores.bestFirst(k).lazy.flatMap { kept[$0 * page..<min(($0 + 1) * page, kept.count)] }
      sets.append(Array(best.prefix(k)).ascending(within: 0..<block.steps[step].visible.upperBound))
    }
    var result = Selections()
    for _ in 0..<group.groupSize { for set in sets { result.appendRow(set) } }
    return result
  }

  /// The channels of largest Σ |q_c| over the group's heads, ascending.
  private func largest(_ block: QueryBlock, step: Int, count: Int) -> [Int] {
    var sums = Array(repeating: Float(0), count: group.headDim)
    for head in 0..<group.groupSize {
      let query = block.query(block.row(head: head, step: step))
      for c in sums.indices { sums[c] += abs(query[c]) }
    }
    return sums.bestFirst(count).sorted()
  }

  /// Of every page the sum over the heads of what a token of it gets of their softmaxes, or of their bounds.
  private func scores(
    _ kept: [Int32], pageTokens: Int, _ channels: [Int], _ block: QueryBlock, _ step: Int
  ) -> [Float] {
    let heads = block.scores(of: kept, pageTokens: pageTokens, channels: channels, step: step)
    guard isSoftmax else { return heads.summed }
    return heads.enumerated().map { head, own -> [Float] in
      let query = block.query(block.row(head: head, step: step))
      let (part, whole) = (
        channels.reduce(Float(0)) { $0 + abs(query[$1]) },
        (0..<group.headDim).reduce(Float(0)) { $0 + abs(query[$1]) }
      )
      let weights = block.softmax(
        own, scale: part > 0 ? group.scale / (part / whole).squareRoot() : group.scale)
      let last = kept.count - (weights.count - 1) * pageTokens
      let sum = weights.enumerated().reduce(Float(0)) { sum, page in
        sum + page.element * Float(page.offset == weights.count - 1 ? last : pageTokens)
      }
      return weights.map { $0 / sum }
    }.summed
  }

  public var heldTokens: Int? { cache.kept[0].count }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    let page = page(sizes)
    return ((cache.kept[0].count + page - 1) / page * (page == 1 ? 1 : 2) * group.keyRowBytes, 0)
  }
}
