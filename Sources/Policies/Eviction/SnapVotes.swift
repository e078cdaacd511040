/// The votes of an observation window, as values by which tokens are kept.
struct SnapVotes: Sendable {
  private let window: Int
  private let kernel: Int
  private let isMax: Bool
  let promptTokens: Int

  init(_ parameters: ParameterValues, _ group: GroupContext) {
    window = parameters.integer(SnapKV.window)
    kernel = parameters.integer(SnapKV.kernel)
    isMax = parameters.word(SnapKV.pooling) == "max"
    promptTokens = group.promptTokens
  }

  /// First token of the window, which votes and is kept itself.
  var windowStart: Int { max(0, promptTokens - window) }

  /// A value per token: pooled votes before the window, and above all votes the later the token from there on. Where
  /// no traced query lies in the window, the later token is worth more before it too.
  func values(_ view: PromptView, heads: Range<Int>) -> [Float] {
    var result = (0..<view.tables.tokens).map { Self.certain + Float($0) }
    let end = min(windowStart, view.tables.tokens)
    let votes = heads.compactMap { self.votes(view, head: $0) }.summed
    result.replaceSubrange(0..<end, with: votes.isEmpty ? Array(view.recency.prefix(end)) : pooled(votes))
    return result
  }

  /// More than any sum of votes, and small enough that 32-bit floats tell neighbouring tokens apart.
  private static let certain: Float = 0x1p20

  /// Summed attention of the last `window` queries to each token before the window; nil where none is traced.
  func votes(_ view: PromptView, head: Int) -> [Float]? {
    let end = min(windowStart, view.tables.tokens)
    let steps = (view.window?.steps ?? []).suffix(window)
    guard steps.contains(where: { $0.position >= windowStart }) else { return nil }
    var sums = Array(repeating: Float(0), count: end)
    for (step, attention) in zip(steps, view.windowAttention(head: head, last: window))
    where step.position >= windowStart {
      for token in sums.indices { sums[token] += attention[token] }
    }
    return sums
  }

  /// Maximum or mean over `kernel` neighbours about each token; what lies beyond the ends counts as zero.
  func pooled(_ votes: [Float]) -> [Float] {
    votes.indices.map { token in
      let first = token - kernel / 2
      let near = (first..<first + kernel).clamped(to: votes.indices)
      let some = votes[near]
      return isMax ? some.max() ?? 0 : some.reduce(0, +) / Float(kernel)
    }
  }
}
