import Kernels

/// Redundancy-aware eviction for long reasoning (Cai et al., 2025).
///
/// A token is worth λ times the attention that the last queries give it and loses (1 − λ) times how alike its key is to
/// the others held.
public struct RKV: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "r-kv", summary: "Keeps tokens that the last queries attend to and whose keys repeat no others.",
    paper: "https://arxiv.org/abs/2505.24133", kind: .eviction,
    parameters: [
      ParameterDescriptor("lambda", .number(0...1), default: .number(0.1), help: "λ, weight of importance"),
      ParameterDescriptor(
        "window", .integer(1...1024), default: .integer(8),
        help: "last queries that judge, and tokens always kept"),
      ParameterDescriptor(
        "kernel", .integer(1...1023), default: .integer(7),
        help: "neighbours that importance is max-pooled over"),
      ParameterDescriptor(
        "buffer", .integer(1...100_000), default: .integer(128),
        help: "new tokens after which tokens are judged anew"),
      .sinks,
    ], common: [.denseLayers], needs: [.promptWindow],
    cost: "4 bytes a kept token, read and written; all kept keys once a buffer",
    notes: """
      One set per KV head; importance is averaged over its query heads. Likeness is the softmax, over the tokens held, of a key's mean cosine with the \
      others; the released code also forgives the latest of each key's near copies, which is left out. The authors let the cache grow by the buffer and then cut it back; here \
      tokens are judged whenever a buffer's worth has joined, and go one by one in that order, so that no more than k are ever held.
      """)

  private let lambda: Float
  private let window: Int
  private let kernel: Int
  private let buffer: Int
  private let sinks: Int
  private let group: GroupContext
  private var cache: EvictionCache
  private var directions: [Float] = []
  private var values: [Float] = []
  /// Attention of the last queries, mean over the group's heads, by token; oldest first.
  private var recent: [[(token: Int, weight: Float)]] = []
  private var joined = Int.max

  public init(parameters: ParameterValues, group: GroupContext) {
    lambda = Float(parameters.number("lambda"))
    window = parameters.integer("window")
    kernel = parameters.integer("kernel")
    buffer = parameters.integer("buffer")
    sinks = parameters.integer("sinks")
    self.group = group
    cache = EvictionCache(group, perGroup: true)
  }

  public var choosesPerGroup: Bool { true }

  public mutating func observe(_ prompt: PromptView) {
    directions = prompt.tables.keyDirections
    values = prompt.recency
    guard let steps = prompt.window?.steps else { return }
    let attention = (0..<group.groupSize).map { prompt.windowAttention(head: $0) }
    for query in steps.indices.suffix(window) {
      let mean = attention.map { $0[query] }.summed.map { $0 / Float(group.groupSize) }
      recent.append(steps[query].visible.map { ($0, mean[$0]) })
    }
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    var record = EvictionRecord(block)
    for (step, k) in block.budgets.enumerated() {
      let new = cache.join(0, block.steps[step]).count
      joined = joined == .max ? buffer : joined + new
      if cache.kept[0].count > k {
        if joined >= buffer { judge(block) }
        let values = values
        cache.shrink(0, to: k, keeping: Guard(sinks: sinks, recent: window)) { values[$0] }
      }
      record.add(cache, unit: 0, step: step)
      let kept = cache.kept[0]
      let weights = (0..<group.groupSize).map {
        block.attention(block.shared.row(head: $0, step: step), over: kept)
      }.summed
      recent.append(zip(kept, weights).map { (Int($0), $1 / Float(group.groupSize)) })
      if recent.count > window { recent.removeFirst() }
    }
    let selections = record.selections
    block.chargeState(selections, perGroup: true)
    return selections
  }

  /// Values of all tokens held. Those that joined last are kept by the guard.
  private mutating func judge(_ block: QueryBlock) {
    joined = 0
    let kept = cache.kept[0].map(Int.init)
    let d = group.headDim
    var importance = Array(repeating: Float(0), count: values.count)
    for query in recent { for (token, weight) in query { importance[token] += weight / Float(recent.count) } }
    var sum = Array(repeating: Float(0), count: d)
    for token in kept { for c in 0..<d { sum[c] += directions[token * d + c] } }
    var likeness = kept.map { token -> Float in
      var with: Float = 0
      for c in 0..<d { with += directions[token * d + c] * (sum[c] - directions[token * d + c]) }
      return with / Float(kept.count)
    }
    likeness.withUnsafeMutableBufferPointer { values in
      if let start = values.baseAddress {
        block.shared.kernels.softmax(UnsafeBufferPointer(values), into: start)
      }
    }
    for place in kept.indices {
      let near = (place - kernel / 2..<place - kernel / 2 + kernel).clamped(to: kept.indices)
      let pooled = near.reduce(Float(0)) { max($0, importance[kept[$1]]) }
      values[kept[place]] = lambda * pooled - (1 - lambda) * likeness[place]
    }
    let read = kept.count * group.keyRowBytes
    block.charge(.init(.keys, .stream), readPerHead: read, readGroupUnion: read)
  }
}
