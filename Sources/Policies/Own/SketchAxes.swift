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
    let moments = KeyMoments(tables, count: max(1, min(prompt, tables.tokens)))
    let covariance = moments.covariance
    mean = moments.mean.map(Float.init)
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
