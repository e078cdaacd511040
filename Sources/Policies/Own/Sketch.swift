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
      ParameterDescriptor(
        "rank", .amount, default: .amount(.share(0.5)), help: "r, numbers per key: a count or a share of d"),
      ParameterDescriptor("bits", .integer(1...8), default: .integer(4), help: "bits of each number"),
      ParameterDescriptor(
        "shrink", .number(0...64), default: .number(1),
        help: "how much of the mean second moment every channel of Σq is given"),
      ParameterDescriptor.sinks.defaulting(to: .integer(4)),
      ParameterDescriptor.recent.defaulting(to: .integer(16)),
      .scope,
    ], needs: [.observationWindow],
    cost: "r b bits a token, 2 r d for the axes; scores",
    notes: """
      Found by measuring on technical-4096 and qa-4096; no published method. Reads r · bits / 8 bytes a token, and the axes for keys and queries, once for all query heads under the group reading. The axes cost one \
      eigendecomposition of d × d per KV head after the prompt, which is not charged.
      """)

  private let rank: Int
  private let bits: Int
  private let shrink: Double
  private let group: GroupContext
  public let choosesPerGroup: Bool
  private var axes = SketchAxes()

  public init(parameters: ParameterValues, group: GroupContext) {
    rank = parameters.amount("rank", of: group.headDim)
    bits = parameters.integer("bits")
    shrink = parameters.number("shrink")
    choosesPerGroup = parameters.word("scope") == "group"
    self.group = group
  }

  public mutating func observe(_ prompt: PromptView) throws {
    let window = try prompt.requiredWindow("sketch")
    axes = prompt.tables.cached("sketch axes \(shrink)") {
      SketchAxes(window: window, tables: prompt.tables, prompt: group.promptTokens, shrink: shrink)
    }
  }

  public func choose(_ block: QueryBlock) -> Selections? {
    let d = group.headDim
    let keys = block.shared.tables.keyRows.pointer
    let table = TokenTable("sketch \(shrink) \(rank) \(bits)", of: block.shared.tables, width: rank) {
      token, out in
      axes.key(keys + token * d, rank: rank, bits: bits, into: out)
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

/// The axes of a sketch, most telling first.
struct SketchAxes: Sendable {
  /// Uᵀ Σq^½ and Uᵀ Σq^-½, `[axis][channel]`.
  private var keyAxes: [[Float]] = []
  private var queryAxes: [[Float]] = []
  private var mean: [Float] = []
  /// Spread of the prompt's keys along each key axis.
  private var spreads: [Float] = []

  /// Steps of a rounded number in spreads, by bits: near the least mean square error of a normal variable.
  private static let steps: [Float] = [1.6, 1.0, 0.6, 0.36, 0.2, 0.11, 0.06, 0.03]

  init() {}

  init(window: ScoredBlock, tables: GroupTables, prompt: Int, shrink: Double) {
    let d = tables.channels
    let (centre, covariance) = Self.covariance(tables, count: max(1, min(prompt, tables.tokens)))
    mean = centre.map(Float.init)
    let queries = Self.moments(window, covariance, d, shrink: shrink)
    let (root, inverse) = SymmetricEigen.roots(queries)
    let axes = SymmetricEigen.axes(Self.product(Self.product(root, covariance), root))
    keyAxes = Self.product(axes, root).map { $0.map(Float.init) }
    queryAxes = Self.product(axes, inverse).map { $0.map(Float.init) }
    spreads = Self.product(axes, root).map { axis in
      let along = covariance.map { row in zip(row, axis).reduce(0) { $0 + $1.0 * $1.1 } }
      return Float(max(0, zip(along, axis).reduce(0) { $0 + $1.0 * $1.1 }).squareRoot())
    }
  }

  func key(_ key: UnsafePointer<Float>, rank: Int, bits: Int, into out: UnsafeMutablePointer<Float>) {
    let most = Float(1 << (bits - 1)) - 0.5
    for index in 0..<rank {
      var sum: Float = 0
      for c in mean.indices { sum += keyAxes[index][c] * (key[c] - mean[c]) }
      let step = Self.steps[bits - 1] * spreads[index]
      // Levels lie half a step to either side of zero.
      let level = step > 0 ? (sum / step).rounded(.down) + 0.5 : 0
      out[index] = min(max(level, -most), most) * step
    }
  }

  func query(_ query: UnsafePointer<Float>, rank: Int, into out: UnsafeMutablePointer<Float>) {
    for index in 0..<rank {
      var sum: Float = 0
      for c in mean.indices { sum += queryAxes[index][c] * query[c] }
      out[index] = sum
    }
  }

  private static func covariance(_ tables: GroupTables, count: Int) -> (mean: [Double], matrix: [[Double]]) {
    let d = tables.channels
    var mean = Array(repeating: 0.0, count: d)
    for token in 0..<count { for c in 0..<d { mean[c] += Double(tables.key(token)[c]) / Double(count) } }
    var matrix = Array(repeating: Array(repeating: 0.0, count: d), count: d)
    var off = mean
    for token in 0..<count {
      let key = tables.key(token)
      for c in 0..<d { off[c] = Double(key[c]) - mean[c] }
      for i in 0..<d {
        let factor = off[i] / Double(count)
        matrix[i].withUnsafeMutableBufferPointer { row in for j in row.indices { row[j] += factor * off[j] } }
      }
    }
    return (mean, matrix)
  }

  /// Second moments of the window's queries, each head's over the variance of its scores, and a share of
  /// their mean on the diagonal.
  private static func moments(_ window: ScoredBlock, _ covariance: [[Double]], _ d: Int, shrink: Double)
    -> [[Double]]
  {
    var result = Array(repeating: Array(repeating: 0.0, count: d), count: d)
    for head in 0..<window.group.groupSize {
      var own = Array(repeating: Array(repeating: 0.0, count: d), count: d)
      for step in window.steps.indices {
        let query = window.query(window.row(head: head, step: step))
        for i in 0..<d { for j in 0..<d { own[i][j] += Double(query[i]) * Double(query[j]) } }
      }
      let variance = (0..<d).reduce(0.0) { sum, i in
        sum + zip(own[i], covariance[i]).reduce(0) { $0 + $1.0 * $1.1 }
      }
      for i in 0..<d { for j in 0..<d { result[i][j] += own[i][j] / max(variance, 1e-30) } }
    }
    let trace = (0..<d).reduce(0) { $0 + result[$1][$1] }
    for i in 0..<d { result[i][i] += shrink * trace / Double(d) + 1e-30 }
    return result
  }

  private static func product(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
    a.map { row in
      var out = Array(repeating: 0.0, count: b.first?.count ?? 0)
      out.withUnsafeMutableBufferPointer { out in
        for (k, factor) in row.enumerated() {
          b[k].withUnsafeBufferPointer { other in for j in out.indices { out[j] += factor * other[j] } }
        }
      }
      return out
    }
  }
}
