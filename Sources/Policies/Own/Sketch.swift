import Attention

/// Our own: a quantised sketch of the keys on the axes where the prompt's queries tell them apart.
///
/// With Σq the second moments of the observation window's queries (each head of the group weighing alike) and Σk the covariance of
/// the prompt's keys, the r numbers per key that lose least of q · (k − k̄) in mean square are Uᵀ Σq^½ (k − k̄), U the first r eigenvectors of
/// Σq^½ Σk Σq^½; a query meets them as Uᵀ Σq^-½ q. Each number is rounded to few bits by its own spread in the prompt. One sketch serves
/// all query heads of a KV head.
public struct Sketch: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "sketch",
    summary: "Ours: ranks tokens on a few-bit sketch of keys on the axes that the prompt's queries use.",
    kind: .selection,
    parameters: [
      rank, bits, shrink, ParameterDescriptor.sinks.defaulting(to: .integer(4)),
      ParameterDescriptor.recent.defaulting(to: .integer(16)), .scope,
    ], needs: [.observationWindow],
    cost: "r b bits a token, 2 r d for the axes; scores",
    notes: """
      Found by measuring on technical-4096 and qa-4096; no published method. Reads r · bits / 8 bytes a token, and the axes for keys and queries, once for all query heads under the group reading. The axes cost one \
      eigendecomposition of d × d per KV head after the prompt, which is not charged.
      """)

  static let rank = ParameterDescriptor(
    "rank", .amount, default: .amount(.share(0.5)), help: "r, numbers per key: a count or a share of d")
  static let bits = ParameterDescriptor(
    "bits", .integer(1...8), default: .integer(4), help: "bits of each number")
  static let shrink = ParameterDescriptor(
    "shrink", .number(0...64), default: .number(1),
    help: "how much of the mean second moment every channel of Σq is given")

  private let rank: Int
  private let bits: Int
  private let shrink: Double
  private let group: GroupContext
  public let choosesPerGroup: Bool
  private var axes = SketchAxes()

  public init(parameters: ParameterValues, group: GroupContext) {
    rank = parameters.amount(Self.rank, of: group.headDim)
    bits = parameters.integer(Self.bits)
    shrink = parameters.number(Self.shrink)
    choosesPerGroup = parameters.word(.scope) == "group"
    self.group = group
  }

  public mutating func observe(_ prompt: PromptView) throws {
    let window = try prompt.requiredWindow("sketch")
    axes = prompt.tables.cached("sketch axes \(shrink)") {
      SketchAxes(window: window, tables: prompt.tables, prompt: group.promptTokens, shrink: shrink)
    }
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let table = TokenTable("sketch \(shrink) \(rank) \(bits)", of: block.tables, width: rank) { key, out in
      axes.key(key, rank: rank, bits: bits, into: out)
    }
    let queries = block.derivedQueries(width: rank) { _, query, out in
      axes.query(query, rank: rank, into: out)
    }
    let scores = block.scores(table, queries: queries, rows: row)
    block.chargeMatrix(rows: 2 * rank)
    return block.bestOf(choosesPerGroup ? block.summedOverGroup(scores) : scores)
  }

  private var row: StoredRow { .rounded(rank, bits: bits, hasScale: false) }

  private var axisBytes: Int { 2 * rank * group.keyRowBytes }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) {
    (tokens * row.bytes + axisBytes, 0)
  }
}
