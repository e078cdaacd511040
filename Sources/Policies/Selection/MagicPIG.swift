import Attention

/// Sampling by locality-sensitive hashing (Chen et al., ICLR 2025).
///
/// L tables hash keys by the signs of K random projections. A token is sampled where its key falls into the query's bucket
/// in at least two tables; its logit is corrected by the logarithm of the probability of that. First and last tokens are always
/// attended to.
public struct MagicPIG: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "magicpig",
    summary: "Samples tokens whose hash meets the query's twice, and corrects for the sampling.",
    paper: "https://arxiv.org/abs/2410.16179", kind: .selection,
    parameters: [
      bits,
      tables,
      ParameterDescriptor.sinks.defaulting(to: .integer(4)),
      ParameterDescriptor.recent.defaulting(
        to: .integer(64), help: "last tokens of the prompt always kept, beside all decoded ones"),
      ParameterDescriptor.denseLayers.defaulting(to: .integer(1)),
    ], common: [], usesBudget: false,
    cost: "4 bytes for each token in each of the query's buckets, d K L for the projections, bucket bounds",
    notes: """
      Sizes its own sets. Keys are centred by the prompt's mean key before they are hashed; the authors' mean is of the tokens that they \
      hash, without those always kept. A sampled logit is corrected by −log(w + 1e-4), w the probability of being met in two tables, as in the released code. Tables of token numbers, keys and values lie on the host, but for what is always kept: \
      a step reads the numbers in the query's buckets, 4 bytes each, and where a bucket begins and ends. Tables hold the prompt; decoded tokens are always kept, as the authors do, who \
      leave layers 0 and 16 dense; here the first. Projections lie on the device, and are seeded by the run, layer and KV head.
      """,
    alwaysKeeps: { _ in "every decoded token" })

  static let bits = ParameterDescriptor(
    "bits", .integer(1...16), default: .integer(10), help: "K, bits of a hash")
  static let tables = ParameterDescriptor(
    "tables", .integer(2...1000), default: .integer(150), help: "L, hash tables")

  public static func corrects(_ parameters: ParameterValues) -> Bool { true }

  private let bits: Int
  private let count: Int
  private let guarded: Guard
  private let group: GroupContext

  public init(parameters: ParameterValues, group: GroupContext) {
    bits = parameters.integer(Self.bits)
    count = parameters.integer(Self.tables)
    guarded = parameters.guarded
    self.group = group
  }

  public var cacheTier: MemoryTier { .host }
  public func budgets(of steps: [Step], asked: Budget) -> [Int] { steps.map(\.visible.count) }

  public func choose(_ block: QueryBlock) -> Selections? {
    let hashes = block.tables.cached("simhash \(bits) \(count) \(group.seed)", ofPrompt: true) {
      SimHash(block.tables, group: group, bits: bits, count: count)
    }
    var result = Selections()
    var corrections: [OutputCorrection] = []
    func parts(_ visible: Range<Int>) -> (sinks: Range<Int>, middle: Range<Int>, recent: Range<Int>) {
      kept(of: visible).split(visible, budget: visible.count)
    }
    block.meet(hashes, tier: .host, among: { parts($0).middle }) { row, hits in
      let (sinks, middle, recent) = parts(block.visible(row))
      let sampled = middle.filter { hits[$0] >= 2 }
      result.appendRow([Array(sinks), sampled, Array(recent)].joined().map(Int32.init))
      var correction = OutputCorrection()
      correction.offsets =
        Array(repeating: 0, count: sinks.count)
        + sampled.map { hashes.offset(query: block.query(row), token: $0) }
        + Array(repeating: 0, count: recent.count)
      corrections.append(correction)
    }
    result.corrections = corrections
    return result
  }

  /// Sinks, and last tokens of the prompt with all decoded ones.
  private func kept(of visible: Range<Int>) -> Guard {
    // A query attends to its own token at least.
    let last = max(1, guarded.recent + max(0, visible.upperBound - group.promptTokens))
    return Guard(sinks: min(guarded.sinks, visible.count - 1), recent: last)
  }

  public func deviceTokens(of step: Step, budget: Int, guarded: Guard) -> [Range<Int>] {
    let (sinks, _, recent) = kept(of: step.visible).split(step.visible, budget: step.visible.count)
    return [sinks, recent]
  }

  public var sendsDecodedTokens: Bool { false }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (projectionBytes, count * (min(tokens, group.promptTokens) + (1 << bits)) * 4)
  }

  private var projectionBytes: Int { bits * count * group.keyRowBytes }
}
