/// Whole chunks of the prompt, by SnapKV's votes (Liu et al., 2025; NVIDIA's kvpress).
///
/// The votes of the observation window are added up over all heads of a layer and averaged over chunks of neighbours; the best
/// chunks are kept, one set for the whole layer.
public struct ChunkKV: LayerPolicy {
  public static let descriptor = PolicyDescriptor(
    name: "chunkkv",
    summary: "Keeps whole chunks of the prompt that its last queries attend to most, one set per layer.",
    paper: "https://arxiv.org/abs/2502.00299", kind: .eviction,
    parameters: [chunk, fill] + voting + [.sinks], common: [.denseLayers], needs: [.promptWindow],
    scope: .layer, cost: "nothing",
    notes: """
      As kvpress has it, with its SnapKV below: tokens of the window count as the best vote of any KV head, a last chunk that is shorter has its own mean, and as many \
      chunks stay as k's share of the prompt gives, rounded down, to one at least. A prompt shorter than a chunk goes token by token, in kvpress by KV head. kvpress drops \
      once, after the prompt, and then grows; here, so that no more than k are ever held, what the rounding left free is filled by decoded tokens, and each one after that \
      takes the place of the last token of the chunk ranked last, and when none is left, of the oldest. `fill=tokens` fills k from the next chunk instead. Sinks are ours. \
      Chunks begin at the first token that the first decode step sees. The paper's second part, a layer that takes the set of the one before, is not in kvpress, nor here. Chooses nothing while \
      decoding, but keeps a 32-bit mean per chunk held.
      """)

  static let chunk = ParameterDescriptor(
    "chunk", .integer(1...4096), default: .integer(20), help: "tokens of a chunk")
  static let fill = ParameterDescriptor(
    "fill", .choice(["chunks", "tokens"]), default: .word("chunks"),
    help: "whether k is rounded down to whole chunks, or filled with the first tokens of the next one")

  /// What votes are taken and pooled by: kvpress's defaults.
  static let voting = [
    SnapKV.window.defaulting(to: .integer(64)), SnapKV.kernel.defaulting(to: .integer(5)),
    SnapKV.pooling.defaulting(to: .word("mean")),
  ]

  private let chunk: Int
  private let isWhole: Bool
  private let votes: SnapVotes
  private let sinks: Int
  private let group: GroupContext
  private var cache: EvictionCache
  /// By token, the prompt's added up over the layer's heads: averaged over chunks once a step has said what it sees.
  private var values: [Float] = []
  /// Whether the window voted.
  private var hasVotes = false
  /// The prompt's tokens that the first step sees; nil before it.
  private var ranked: Range<Int>?

  public init(parameters: ParameterValues, group: GroupContext) {
    chunk = parameters.integer(Self.chunk)
    isWhole = parameters.word(Self.fill) == "chunks"
    votes = SnapVotes(parameters, group)
    sinks = parameters.integer(.sinks)
    self.group = group
    cache = EvictionCache(group, perGroup: true)
  }

  public var choosesPerGroup: Bool { true }

  public mutating func observe(layer prompts: [PromptView]) {
    guard let first = prompts.first else { return }
    let end = min(votes.windowStart, first.tables.tokens)
    let heads = prompts.map { prompt in
      (0..<group.groupSize).compactMap { votes.votes(prompt, head: $0) }.summed
    }
    // What was decoded is worth more than any sum of votes, the later the more.
    values = (0..<first.tables.tokens).map { 0x1p20 + Float($0) }
    let prompt = 0..<min(group.promptTokens, first.tables.tokens)
    hasVotes = !heads.contains(where: \.isEmpty)
    if !hasVotes {
      values.replaceSubrange(prompt, with: first.recency[prompt])
    } else {
      let pooled = heads.map { votes.pooled($0) }
      let best = pooled.joined().max() ?? 0
      values.replaceSubrange(0..<end, with: pooled.summed)
      for token in end..<prompt.count { values[token] = best * Float(pooled.count) }
    }
  }

  public mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
    guard let first = blocks.first else { return [] }
    var sets: [[Int32]] = []
    let keeping = Guard(sinks: sinks)
    for (step, k) in first.budgets.enumerated() {
      let isFirst = ranked == nil
      if isFirst { rankChunks(first.steps[step].visible) }
      cache.join(0, first.steps[step])
      let values = values
      if isFirst, isWhole, let prompt = ranked, k < prompt.count, isChunked(prompt) {
        let decoded = cache.kept[0].count - prompt.count
        cache.shrink(0, to: wholeChunks(prompt, k) + decoded, keeping: keeping) { values[$0] }
      }
      cache.shrink(0, to: k, keeping: keeping) { values[$0] }
      sets.append(cache.kept[0])
    }
    return blocks.map { block in
      var result = Selections()
      for _ in 0..<block.group.groupSize { for set in sets { result.appendRow(set) } }
      return result
    }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    guard let ranked else { return (0, 0) }
    let held = cache.kept[0].lazy.map(Int.init).filter(ranked.contains)
    return (Set(held.map { ($0 - ranked.lowerBound) / chunk }).count * 4, 0)
  }

  /// Gives the prompt's tokens that a step sees the mean of their chunk.
  private mutating func rankChunks(_ visible: Range<Int>) {
    let prompt = visible.clamped(to: 0..<min(group.promptTokens, values.count))
    ranked = prompt
    guard isChunked(prompt) else { return }
    for tokens in chunks(prompt) {
      // In double precision the mean of equal values is that value, so that chunks of the window tie.
      let mean = tokens.reduce(0.0) { $0 + Double(values[$1]) } / Double(tokens.count)
      for token in tokens { values[token] = Float(mean) }
    }
  }

  private func isChunked(_ prompt: Range<Int>) -> Bool { hasVotes && prompt.count >= chunk }

  private func chunks(_ prompt: Range<Int>) -> [Range<Int>] {
    stride(from: prompt.lowerBound, to: prompt.upperBound, by: chunk).map {
      $0..<min($0 + chunk, prompt.upperBound)
    }
  }

  /// Tokens of the best chunks, as many as k's share of all, of equals the earlier.
  private func wholeChunks(_ prompt: Range<Int>, _ k: Int) -> Int {
    let all = chunks(prompt)
    let count = max(1, all.count * k / prompt.count)
    let order = all.sorted { (values[$0.lowerBound], $1.lowerBound) > (values[$1.lowerBound], $0.lowerBound) }
    return order.prefix(count).reduce(0) { $0 + $1.count }
  }
}
