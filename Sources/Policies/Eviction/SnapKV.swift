/// What the prompt's last queries look at (Li et al., NeurIPS 2024).
///
/// The attention of the observation window's queries to each earlier token is summed and pooled over its neighbours; the best
/// of the prompt are kept beside the window. Every decoded token stays.
public struct SnapKV: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "snapkv",
    summary: "Keeps the prompt tokens that its last queries attend to most, and every decoded one.",
    paper: "https://arxiv.org/abs/2404.14469", kind: .eviction,
    parameters: voting + [.sinks, .scope], common: [.denseLayers], needs: [.promptWindow],
    cost: "nothing",
    notes: """
      The authors drop once, after the prompt, and then grow; here, so that no more than k are ever held, each decoded token takes the place of the \
      prompt token ranked last, and when none is left, of the oldest. Chooses nothing while decoding, but keeps a 32-bit vote per prompt token held.
      """)

  static let window = ParameterDescriptor(
    "window", .integer(1...100_000), role: .promptQueries, default: .integer(32),
    help: "last prompt queries that vote")
  static let kernel = ParameterDescriptor(
    "kernel", .integer(1...1023), default: .integer(7), help: "neighbours that scores are pooled over")
  static let pooling = ParameterDescriptor(
    "pooling", .choice(["max", "mean"]), default: .word("max"), help: "how they are pooled")

  /// What votes are taken and pooled by.
  static let voting = [window, kernel, pooling]

  private let votes: SnapVotes
  private let sinks: Int
  public let choosesPerGroup: Bool
  private let promptTokens: Int
  private var cache: EvictionCache
  /// `[unit][token]`
  private var values: [[Float]] = []

  public init(parameters: ParameterValues, group: GroupContext) {
    votes = SnapVotes(parameters, group)
    sinks = parameters.integer(.sinks)
    choosesPerGroup = parameters.word(.scope) == "group"
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
