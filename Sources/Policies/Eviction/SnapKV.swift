import Kernels

/// What the prompt's last queries look at (Li et al., NeurIPS 2024).
///
/// The attention of the observation window's queries to each earlier token is summed and pooled over its neighbours; the best
/// of the prompt are kept beside the window. Every decoded token stays.
public struct SnapKV: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "snapkv",
    summary: "Keeps the prompt tokens that its last queries attend to most, and every decoded one.",
    paper: "https://arxiv.org/abs/2404.14469", kind: .eviction,
    parameters: snapParameters, common: [.denseLayers], needs: [.promptWindow],
    cost: "nothing",
    notes: """
      The authors drop once, after the prompt, and then grow; here, so that no more than k are ever held, each decoded token takes the place of the \
      prompt token ranked last, and when none is left, of the oldest. Chooses nothing while decoding, but keeps a 32-bit vote per prompt token held.
      """)

  static let snapParameters: [ParameterDescriptor] = [
    ParameterDescriptor(
      "window", .integer(1...100_000), role: .promptQueries, default: .integer(32),
      help: "last prompt queries that vote"),
    ParameterDescriptor(
      "kernel", .integer(1...1023), default: .integer(7), help: "neighbours that scores are pooled over"),
    ParameterDescriptor(
      "pooling", .choice(["max", "mean"]), default: .word("max"), help: "how they are pooled"),
    .sinks, .scope,
  ]

  private let votes: SnapVotes
  private let sinks: Int
  public let choosesPerGroup: Bool
  private let promptTokens: Int
  private var cache: EvictionCache
  /// `[unit][token]`
  private var values: [[Float]] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    votes = SnapVotes(parameters, group)
    sinks = parameters.integer("sinks")
    choosesPerGroup = parameters.word("scope") == "group"
    promptTokens = group.promptTokens
    cache = EvictionCache(group, perGroup: choosesPerGroup)
  }

  public mutating func observe(_ prompt: PromptView) {
    values = cache.units.map { votes.values(prompt, heads: cache.heads($0)) }
  }

  public mutating func choose(_ block: QueryBlock) -> Selections? {
    cache.walk(block, budgets: block.budgets, values: values, keeping: Guard(sinks: sinks))
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (cache.bytes(perToken: 4, before: promptTokens), 0)
  }
}

/// The votes of an observation window, as values by which tokens are kept.
struct SnapVotes: Sendable {
  private let window: Int
  private let kernel: Int
  private let isMax: Bool
  let promptTokens: Int

  init(_ parameters: ParameterValues, _ group: GroupContext) {
    window = parameters.integer("window")
    kernel = parameters.integer("kernel")
    isMax = parameters.word("pooling") == "max"
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

extension EvictionCache {
  /// Walks a block by values that decoding does not change.
  mutating func walk(_ block: QueryBlock, budgets: [Int], values: [[Float]], keeping: Guard = Guard())
    -> Selections
  {
    var record = EvictionRecord(block)
    for (step, k) in budgets.enumerated() {
      for unit in units {
        join(unit, block.steps[step])
        shrink(unit, to: k, keeping: keeping) { values[unit][$0] }
        record.add(self, unit: unit, step: step)
      }
    }
    return record.selections
  }
}
