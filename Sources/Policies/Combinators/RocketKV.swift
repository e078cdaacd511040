/// SnapKV once after the prompt, then page bounds on the query's largest channels (Behnam et al., ICML 2025).
///
/// Of a compression c = n / k the first stage takes c^r, r = min(0.2 + 0.06 · log₂ c, 0.8), by dropping prompt tokens for
/// good. Of what is left each step keeps the pages of highest bound, taken on the r channels that are largest in the
/// queries of the KV head.
public struct RocketKV: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "rocketkv",
    summary: "Drops prompt tokens as SnapKV does, then keeps pages by bounds on a few channels.",
    paper: "https://arxiv.org/abs/2502.14051", kind: .selection,
    parameters: [
      ParameterDescriptor("page", .integer(1...4096), default: .integer(4), help: "kept tokens of a page"),
      ParameterDescriptor(
        "channels", .amount, default: .amount(.share(0.5)),
        help: "channels that pages are scored on: a count or a share of d"),
      ParameterDescriptor(
        "window", .integer(1...100_000), default: .integer(32), help: "last prompt queries that vote"),
      ParameterDescriptor(
        "kernel", .integer(1...1023), default: .integer(63), help: "neighbours that votes are pooled over"),
      ParameterDescriptor(
        "pooling", .choice(["max", "mean"]), default: .word("max"), help: "how they are pooled"),
    ], common: [.denseLayers], needs: [.promptWindow],
    cost: "r a page of what is left",
    notes: """
      One set per KV head, its query heads' votes summed, and its bounds met by the sum of their queries, so that a page and channel needs one bound, as the authors do. A page is of neighbours among the tokens kept. Decoded tokens are not dropped. What the first stage \
      drops never comes back, but keys and values of the rest stay, so that kind is selection. k is rounded down to whole pages.
      """)

  private let page: Int
  private let channels: Int
  private let votes: SnapVotes
  private let group: GroupContext
  private var cache: EvictionCache
  private var values: [Float] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    page = parameters.integer("page")
    channels = parameters.amount("channels", of: group.headDim)
    votes = SnapVotes(parameters, group)
    self.group = group
    cache = EvictionCache(group, perGroup: true)
  }

  public var choosesPerGroup: Bool { true }

  public mutating func observe(_ prompt: PromptView) {
    values = votes.values(prompt, heads: 0..<group.groupSize)
  }

  /// Tokens that the first stage keeps of `visible`, where k are attended to.
  static func firstStage(visible: Int, k: Int) -> Int {
    let compression = Double(visible) / Double(k)
    let log = PortableMath.log(compression)
    let part = min(0.2 + 0.06 * log / PortableMath.log(2), 0.8)
    return max(k, Int((Double(visible) * PortableMath.exp(-log * part)).rounded(.down)))
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var sets: [[Int32]] = []
    let keys = block.shared.tables.keyRows.pointer
    var pages = 0
    for (step, k) in block.budgets.enumerated() {
      cache.join(0, block.steps[step])
      let values = values
      cache.shrink(0, to: Self.firstStage(visible: block.steps[step].visible.count, k: k)) { values[$0] }
      let kept = cache.kept[0]
      let some = largest(block, step: step)
      let starts = Array(stride(from: 0, to: kept.count, by: page))
      pages += starts.count
      let scores = starts.map { bound(kept[$0..<min($0 + page, kept.count)], keys, some, block, step) }
      let order = starts.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
      let chosen = order.prefix(max(1, k / page)).flatMap {
        kept[starts[$0]..<min(starts[$0] + page, kept.count)]
      }
      sets.append(Array(chosen.prefix(k)).sorted())
    }
    chargeBounds(block, pages: pages)
    var result = Selections()
    for _ in 0..<group.groupSize { for set in sets { result.appendRow(set) } }
    return result
  }

  /// The channels of largest Σ |q_c| over the group's heads, ascending.
  private func largest(_ block: QueryBlock, step: Int) -> [Int] {
    var sums = Array(repeating: Float(0), count: group.headDim)
    for head in 0..<group.groupSize {
      let query = block.shared.query(block.shared.row(head: head, step: step))
      for c in sums.indices { sums[c] += abs(query[c]) }
    }
    return sums.indices.sorted { (sums[$0], $1) > (sums[$1], $0) }.prefix(channels).sorted()
  }

  /// The highest score with the sum of the heads' queries that a key within the page's bounds could have on some channels.
  private func bound(
    _ tokens: ArraySlice<Int32>, _ keys: UnsafePointer<Float>, _ channels: [Int], _ block: QueryBlock,
    _ step: Int
  ) -> Float {
    var sum: Float = 0
    for c in channels {
      var (low, high) = (Float.infinity, -Float.infinity)
      for token in tokens {
        low = min(low, keys[Int(token) * group.headDim + c])
        high = max(high, keys[Int(token) * group.headDim + c])
      }
      let q = (0..<group.groupSize).reduce(Float(0)) {
        $0 + block.shared.query(block.shared.row(head: $1, step: step))[c]
      }
      sum += max(q * low, q * high)
    }
    return sum
  }

  /// One bound of each page and channel is read, the one that the sign of the summed query asks for; both are kept.
  private func chargeBounds(_ block: QueryBlock, pages: Int) {
    let bytes = pages * channels * group.element.byteCount
    block.charge(
      .init(.metadata, .stream), readPerHead: bytes * group.groupSize, readGroupUnion: bytes,
      written: block.steps.count * 2 * group.keyRowBytes)
    block.charge(
      .init(.scores, .stream), readPerHead: pages * 4 * group.groupSize,
      readGroupUnion: pages * 4 * group.groupSize,
      written: pages * 4 * group.groupSize)
  }

  public var heldTokens: Int? { cache.kept[0].count }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    ((cache.kept[0].count + page - 1) / page * 2 * group.keyRowBytes, 0)
  }
}
