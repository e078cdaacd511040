/// Attention ranked in a low-rank key space (Singhania et al., NeurIPS 2024).
///
/// Keys and queries are turned onto the principal axes of the keys of some calibration text; the first r of them rank the
/// tokens. The axes are those of keys after or before rotation; both turn what attention uses, the rotated keys.
/// With r = d the scores are the full ones, up to rounding.
public struct Loki: Policy {
  public static let descriptor = PolicyDescriptor(
    name: "loki", summary: "Ranks tokens on the first r principal axes of the keys.",
    paper: "https://arxiv.org/abs/2406.02542", kind: .selection,
    parameters: [rank, axes, .scope], needs: [.headStatistics],
    cost: "r a token, d² for the axes; scores",
    notes: """
      The axes are calibrated per KV head. The cache holds keys turned onto all axes in place of the keys; that the first r \
      are read apart costs nothing extra where they lie apart, so r channels a token are read, none kept or written twice. A step reads all axes to turn its queries and its key.
      """)

  static let rank = ParameterDescriptor(
    "rank", .amount, of: .channels, default: .amount(.share(0.25)),
    help: "r, axes that are scored: a count or a share of d")
  static let axes = ParameterDescriptor(
    "axes", .choice(["post", "pre"]), default: .word("post"),
    help: "principal axes of keys after or before rotation")

  private let rank: Int
  private let name: String
  /// `[axis][channel]`, r of them.
  private let axes: [[Float]]
  private let group: GroupContext
  public let choosesPerGroup: Bool

  public init(parameters: ParameterValues, group: GroupContext) throws {
    self.group = group
    rank = parameters.amount(Self.rank, of: group.headDim)
    choosesPerGroup = parameters.word(.scope) == "group"
    let kind = parameters.word(Self.axes)
    name = "loki \(kind) \(rank)"
    let layer = try group.calibrated("loki")
    let all = kind == "pre" ? layer.unrotatedKeyAxes : layer.keyAxes
    axes = Array(all[group.kvHead].axes.prefix(rank))
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let table = TokenTable(name, of: block.tables, width: rank) { key, out in project(key, into: out) }
    let queries = block.derivedQueries(width: rank) { _, query, out in project(query, into: out) }
    let scores = block.scores(table, queries: queries, rows: .vector(rank, like: group), isApart: false)
    block.chargeMatrix(rows: group.headDim)
    return block.bestOf(choosesPerGroup ? block.summedOverGroup(scores) : scores)
  }

  private var axisBytes: Int { group.headDim * group.keyRowBytes }

  public func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) { (axisBytes, 0) }

  private func project(_ vector: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>) {
    for (index, axis) in axes.enumerated() {
      out[index] = axis.withUnsafeBufferPointer { axis in
        var sum: Float = 0
        for c in axis.indices { sum += axis[c] * vector[c] }
        return sum
      }
    }
  }
}
