import Attention

/// Product quantisation of keys (Zhang et al., SIGMOD 2025).
///
/// Keys are cut into m sub-vectors, each replaced by the number of the nearest of 2^b centroids, which k-means found in
/// the prompt; tokens are ranked by the query's products with the centroids. Part of the budget is the most recent
/// tokens.
public struct PQCache: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "pqcache",
    summary: "Ranks tokens by product-quantised keys; half the budget is the most recent tokens.",
    paper: "https://arxiv.org/abs/2407.12820", kind: .selection,
    parameters: [
      subvectors,
      bits,
      recentShare,
      rounds,
      ParameterDescriptor.sinks.defaulting(
        to: .integer(32), help: "first tokens always kept, counted in k, and left out of k-means"),
      scope,
      .ranking,
    ], common: [.denseLayers],
    cost: "m b bits a token, 2^b d for the centroids; scores",
    notes: """
      Reads m codes a token and the centroids at every step; codes and centroids lie on the device with first and last tokens, other keys and values on the host. The softmax is over the tokens between. The authors' device also keeps blocks of tokens that were fetched often, which saves some of the link's bytes. k-means \
      begins at keys evenly apart in the prompt. Tokens of decode steps take the nearest of the prompt's centroids. \
      With `scope=head` output error is 0.153 for 0.168 on qa-4096 at 256 (recall 0.565 for 0.539) and 0.202 for 0.204 on prose-8192 (0.510 for 0.491), at 19 % 0.070 for 0.087 and 0.019 for 0.024; \
      with `ranking=sum` 0.172 and 0.198 at 256, 0.093 and 0.025 at 19 %.
      """,
    alwaysKeeps: { "the newest \($0.number(recentShare)) of k" })

  static let subvectors = ParameterDescriptor(
    "subvectors", .integer(1...64), default: .integer(2), help: "m, parts of a key")
  static let bits = ParameterDescriptor(
    "bits", .integer(1...12), default: .integer(6), help: "b, bits of a part's code")
  static let recentShare = ParameterDescriptor(
    "recent-share", .number(0...1), default: .number(0.5),
    help: "share of k that is the most recent tokens")
  static let rounds = ParameterDescriptor(
    "rounds", .integer(0...100), default: .integer(10), help: "rounds of k-means")
  static let scope = ParameterDescriptor(
    "scope", .choice(["head", "group"]), default: .word("group"),
    help: "choose per query head, or one set per KV head, as the authors do")

  private let codes: KeyCodes
  private let recentShare: Double
  private let sinks: Int
  private let isSoftmax: Bool
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) throws {
    let parts = min(parameters.integer(Self.subvectors), group.headDim)
    // k-means scores a part with a last channel of one.
    try group.require(width: (group.headDim + parts - 1) / parts + 1, for: "pqcache")
    try group.require(width: group.headDim, for: "pqcache")
    recentShare = parameters.number(Self.recentShare)
    codes = KeyCodes(
      parts: parts, bits: parameters.integer(Self.bits), rounds: parameters.integer(Self.rounds))
    sinks = parameters.integer(.sinks)
    isSoftmax = parameters.word(.ranking) == "softmax"
    choosesPerGroup = parameters.word(Self.scope) == "group"
    self.group = group
  }

  public var cacheTier: MemoryTier { .host }

  public func choose(_ block: QueryBlock) -> Selections? {
    let prompt = max(1, min(group.promptTokens, block.tables.tokens))
    let scores = block.scores(codes, sample: min(sinks, prompt - 1)..<prompt)
    let ranks = choosesPerGroup && isSoftmax ? softmax(scores, block) : scores
    return block.bestOf(choosesPerGroup ? block.summedOverGroup(ranks) : ranks) { [self] step in
      kept(of: block.budget(of: step))
    }
  }

  private func kept(of k: Int) -> Guard { Guard(sinks: sinks, recent: Int(Double(k) * recentShare)) }

  /// Of every row over the tokens that are neither first nor last, which alone are chosen from.
  private func softmax(_ scores: ScoreMatrix, _ block: QueryBlock) -> ScoreMatrix {
    let result = block.makeMatrix()
    for row in 0..<block.rows {
      let k = block.budgets[row % block.steps.count]
      let middle = kept(of: k).split(block.visible(row), budget: k).middle
      let weights = block.softmax(Array(scores.scores(row, middle)))
      for (token, weight) in zip(middle, weights) { result.row(row)[token] = weight }
    }
    return result
  }

  public func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>] {
    let (sinks, _, recent) = kept(of: budget).split(step.visible, budget: budget)
    return [sinks, recent]
  }

  private var centroidBytes: Int { (1 << codes.bits) * group.keyRowBytes }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (tokens * StoredRow.codes(codes.parts, bits: codes.bits).bytes + centroidBytes, 0)
  }
}
