/// Token omission via attention (Oren et al., EMNLP 2024).
///
/// One set per layer: whenever it is full, the token goes that the last query, on average over the layer's heads, attended to
/// least.
public struct TOVA: LayerPolicy {
  public static let descriptor = PolicyDescriptor(
    name: "tova", summary: "Drops the token that the last query attended to least, one set per layer.",
    paper: "https://arxiv.org/abs/2401.06104", kind: .eviction,
    parameters: [.sinks, .recent], common: [.denseLayers], needs: [.promptWindow], scope: .layer,
    cost: "4 bytes a kept token, read and written",
    notes: """
      The set after the prompt is what its last query attended to most. Room for a new token is made before it is attended to, by the query \
      before. Keeps no state beyond the last weights: reads and writes a 32-bit number per kept token and step, once per KV head.
      """)

  private let keeping: Guard
  private var cache: EvictionCache
  /// The last query's mean attention, by token.
  private var last: [Float] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    keeping = parameters.guarded
    cache = EvictionCache(group, perGroup: true)
  }

  public var choosesPerGroup: Bool { true }

  public mutating func observe(layer prompts: [PromptView]) {
    last =
      prompts.flatMap { prompt in
        (0..<(prompt.heads ?? 1)).map { prompt.lastAttention(head: $0) }
      }.summed
  }

  public mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    guard let first = blocks.first else { return [] }
    var sets: [[Int32]] = []
    for (step, k) in first.budgets.enumerated() {
      cache.join(0, first.steps[step])
      let values = last
      cache.shrink(0, to: k, keeping: keeping) { values[$0] }
      let kept = cache.kept[0]
      sets.append(kept)
      let weights = blocks.flatMap { block in
        (0..<block.group.groupSize).map {
          block.attention(block.row(head: $0, step: step), over: kept)
        }
      }.summed
      for (token, weight) in zip(kept, weights) { last[Int(token)] = weight }
    }
    return blocks.map { block in
      var result = Selections()
      for _ in 0..<block.group.groupSize { for set in sets { result.appendRow(set) } }
      block.chargeState(result, perGroup: true)
      return result
    }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) { (cache.bytes(perToken: 4), 0) }
}
