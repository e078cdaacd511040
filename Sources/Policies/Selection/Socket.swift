import Attention

/// Soft collisions in hash tables (Joshi et al., 2026).
///
/// L tables put keys into 2^P buckets by the signs of P random projections. A query gives every bucket of a table a
/// probability; a token's score is the sum of those of its buckets, times the length of its value.
public struct Socket: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "socket",
    summary: "Ranks tokens by the probabilities that the query gives their hash buckets, and by ‖v‖.",
    paper: "https://arxiv.org/abs/2602.06283", kind: .selection,
    parameters: [
      bits, tables, temperature, divisor, rounding, storage, sinkShare, recentShare, .scope,
    ], common: [.denseLayers],
    cost:
      "2 L + 2 bytes a token, d P L for the planes, 4 L 2^P bytes a query head for the probabilities; scores",
    notes: """
      A bucket's probability is the softmax over the table's corners of Σ ± tanh(q · w) / τ, where the released code also divides by √d and its page does not: `divisor`. Scores are \
      rounded to 16 bits as in the authors' kernels, so that tokens tie; of equals the lower token stays, where theirs is any. The bucket numbers take 16 bits each as the authors keep them, or P: `storage`; 16 bits \
      more hold ‖v‖. Probabilities are 32 bits each, written and read back, since the 2^P L of a query head are more than a processor holds. The authors keep 128 first and 128 last tokens beside a share of 0.05, here both count in k, as shares of it; \
      the best are chosen from the others, where the authors' evaluation chooses from all and so attends to fewer. Decoded tokens are hashed as they come. Planes are normal draws seeded by the run, \
      one set for all layers and heads. A group without values ranks without ‖v‖.
      """,
    alwaysKeeps: { "the first \($0.number(sinkShare)) and newest \($0.number(recentShare)) of k" })

  static let bits = ParameterDescriptor(
    "bits", .integer(1...12), default: .integer(10), help: "P, planes of a table")
  static let tables = ParameterDescriptor(
    "tables", .integer(1...1000), default: .integer(60), help: "L, hash tables")
  static let temperature = ParameterDescriptor(
    "tau", .number(0.01...100), default: .number(0.3), help: "τ, temperature of the softmax over buckets")
  static let divisor = ParameterDescriptor(
    "divisor", .choice(["sqrt-d", "one"]), default: .word("sqrt-d"),
    help: "what tanh(q · w) is divided by: √d as in the released code, or nothing as on its page")
  static let rounding = ParameterDescriptor(
    "scores", .choice(["half", "single"]), default: .word("half"), help: "16 or 32 bits of a score")
  static let storage = ParameterDescriptor(
    "storage", .choice(["short", "packed"]), default: .word("short"),
    help: "16 bits for the number of a bucket, or P")
  static let sinkShare = ParameterDescriptor(
    "sink-share", .number(0...1), default: .number(0.19),
    help: "share of k that is the first tokens; the authors' 128 of 666 at 8,192")
  static let recentShare = ParameterDescriptor(
    "recent-share", .number(0...1), default: .number(0.19),
    help: "share of k that is the most recent tokens; the authors' 128 of 666 at 8,192")

  private let bits: Int
  private let count: Int
  private let temperature: Double
  private let scale: Double
  private let isHalf: Bool
  private let isPacked: Bool
  private let sinkShare: Double
  private let recentShare: Double
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) throws {
    bits = parameters.integer(Self.bits)
    count = parameters.integer(Self.tables)
    temperature = parameters.number(Self.temperature)
    scale = parameters.word(Self.divisor) == "one" ? 1 : 1 / Double(group.headDim).squareRoot()
    isHalf = parameters.word(Self.rounding) == "half"
    isPacked = parameters.word(Self.storage) == "packed"
    sinkShare = parameters.number(Self.sinkShare)
    recentShare = parameters.number(Self.recentShare)
    choosesPerGroup = parameters.word(.scope) == "group"
    self.group = group
  }

  /// A token's buckets, and ‖v‖ in 16 bits.
  private var stored: StoredRow { .codes(count, bits: isPacked ? bits : 16, beside: 2) }

  public func choose(_ block: QueryBlock) -> Selections? {
    let hashes = SoftHashes(block.tables, bits: bits, count: count, seed: group.seed)
    let (norms, isHalf) = (block.tables.valueNorms, isHalf)
    let scores = block.scores(
      hashes, scale: scale, temperature: temperature, rows: stored, weighing: "socket \(isHalf)"
    ) { out, tokens in
      for token in tokens {
        let score = out[token] * (norms?.pointer[token] ?? 1)
        out[token] = isHalf ? HalfPrecision.float(f16: HalfPrecision.f16(score)) : score
      }
    }
    return block.bestOf(choosesPerGroup ? block.summedOverGroup(scores) : scores) { [self] step in
      let k = Double(block.budget(of: step))
      return Guard(sinks: Int(k * sinkShare), recent: Int(k * recentShare))
    }
  }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (tokens * stored.bytes + bits * count * group.keyRowBytes, 0)
  }
}
