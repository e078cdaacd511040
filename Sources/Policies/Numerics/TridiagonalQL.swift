/// Eigenvectors of a symmetric matrix: Householder reflections make it tridiagonal, and implicit QL steps diagonal.
///
/// Every loop runs over whole rows and no sum is split, so that the bits are the same on every machine.
struct TridiagonalQL {
  private let n: Int
  /// Row by row, both halves; row k keeps the k-th reflection's vector once it is done.
  private var a: [Double]
  /// What a reflection is multiplied by: H = 1 − β v vᵀ.
  private var betas: [Double]
  private var diagonal: [Double]
  /// Beside the diagonal: the k-th couples k and k + 1; the last is 0.
  private var beside: [Double]

  /// - Parameter matrix: symmetric, `[size][size]`, row by row.
  init(_ matrix: [Double], size: Int) {
    n = size
    a = matrix
    betas = Array(repeating: 0, count: size)
    diagonal = betas
    beside = betas
  }

  /// - Returns: eigenvalues in no order, and their vectors, `[axis][channel]`, one after another.
  /// - Complexity: O(n³).
  func solved() -> (values: [Double], vectors: [Double]) {
    var work = self
    let unit = work.scaleToOne()
    work.reduce()
    var vectors = work.reflections()
    work.diagonalise(&vectors)
    return (work.diagonal.map { $0 / unit }, vectors)
  }

  /// Brings the largest number to between 1 and 2, so that what rounding leaves never falls below what a double holds
  /// in full: reflections of such remains would not be at right angles.
  ///
  /// - Returns: the power of two that everything was multiplied by, which loses no digit.
  private mutating func scaleToOne() -> Double {
    let largest = a.reduce(0) { max($0, abs($1)) }
    guard largest.isNormal else { return 1 }
    let unit = Double(sign: .plus, exponent: -largest.exponent, significand: 1)
    for place in a.indices { a[place] *= unit }
    return unit
  }

  private mutating func reduce() {
    var along = Array(repeating: 0.0, count: n)
    let n = n
    for k in 0..<n {
      diagonal[k] = a[k * n + k]
      guard k + 1 < n else { break }
      // What is below the diagonal of column k, which is its row's end too.
      let largest = (k + 1..<n).reduce(0) { max($0, abs(a[k * n + $1])) }
      // Less is what is left of rounding what rounding left.
      guard largest > 0x1p-106 else { continue }
      let length =
        largest
        * (k + 1..<n).reduce(0) { $0 + (a[k * n + $1] / largest) * (a[k * n + $1] / largest) }
        .squareRoot()
      let first = a[k * n + k + 1]
      let turned = first > 0 ? -length : length
      beside[k] = turned
      // v = x − turned e₁, so that v₁ loses no digits; over its first element, which makes v₁ 1.
      let head = first - turned
      betas[k] = -head / turned
      a.withUnsafeMutableBufferPointer { a in
        let v = UnsafeMutableBufferPointer(rebasing: a[k * n..<(k + 1) * n])
        for j in k + 2..<max(n, k + 2) { v[j] /= head }
        v[k + 1] = 1
        along.withUnsafeMutableBufferPointer { Self.reflect(a, v, along: $0, beta: betas[k], after: k, n) }
      }
    }
  }

  /// A ← H A H on the rows and columns after the k-th.
  private static func reflect(
    _ a: UnsafeMutableBufferPointer<Double>, _ v: UnsafeMutableBufferPointer<Double>,
    along p: UnsafeMutableBufferPointer<Double>, beta: Double, after k: Int, _ n: Int
  ) {
    for j in k + 1..<n { p[j] = 0 }
    for i in k + 1..<n {
      let factor = beta * v[i]
      for j in k + 1..<n { p[j] += factor * a[i * n + j] }
    }
    var dot = 0.0
    for j in k + 1..<n { dot += p[j] * v[j] }
    let half = beta * dot / 2
    for j in k + 1..<n { p[j] -= half * v[j] }
    for i in k + 1..<n {
      let (own, other) = (v[i], p[i])
      for j in k + 1..<n { a[i * n + j] -= own * p[j] + other * v[j] }
    }
  }

  /// The product of all reflections, transposed: row `axis` is what QL turns into an eigenvector.
  private func reflections() -> [Double] {
    let n = n
    var result = (0..<n * n).map { $0 / n == $0 % n ? 1.0 : 0.0 }
    var along = Array(repeating: 0.0, count: n)
    result.withUnsafeMutableBufferPointer { q in
      along.withUnsafeMutableBufferPointer { along in
        a.withUnsafeBufferPointer { a in
          // From the last, so that each meets only rows and columns after its own.
          for k in (0..<max(0, n - 1)).reversed() where betas[k] != 0 {
            let v = UnsafeBufferPointer(rebasing: a[k * n..<(k + 1) * n])
            // Qᵀ ← Qᵀ H: each row less its part along v.
            var i = k + 1
            // Four sums side by side, each in its own order: alone, every addition would wait for the one before.
            while i + 4 <= n {
              var dots = (0.0, 0.0, 0.0, 0.0)
              for j in k + 1..<n {
                dots.0 += q[i * n + j] * v[j]
                dots.1 += q[(i + 1) * n + j] * v[j]
                dots.2 += q[(i + 2) * n + j] * v[j]
                dots.3 += q[(i + 3) * n + j] * v[j]
              }
              along[i] = betas[k] * dots.0
              along[i + 1] = betas[k] * dots.1
              along[i + 2] = betas[k] * dots.2
              along[i + 3] = betas[k] * dots.3
              i += 4
            }
            while i < n {
              var dot = 0.0
              for j in k + 1..<n { dot += q[i * n + j] * v[j] }
              along[i] = betas[k] * dot
              i += 1
            }
            for i in k + 1..<n {
              let factor = along[i]
              for j in k + 1..<n { q[i * n + j] -= factor * v[j] }
            }
          }
        }
      }
    }
    return result
  }

  private mutating func diagonalise(_ vectors: inout [Double]) {
    var size = 0.0
    for k in 0..<n { size = max(size, abs(diagonal[k]) + abs(beside[k])) }
    let small = size * 0x1p-53
    for l in 0..<n {
      // A few steps each; what has not come by then is as near as rounding lets it.
      for _ in 0..<60 {
        var m = l
        while m < n - 1, abs(beside[m]) > small { m += 1 }
        if m == l { break }
        step(from: l, to: m, &vectors)
      }
    }
  }

  /// One implicit QL step on the block of rows l to m, with Wilkinson's shift.
  private mutating func step(from l: Int, to m: Int, _ vectors: inout [Double]) {
    let slope = (diagonal[l + 1] - diagonal[l]) / (2 * beside[l])
    let root = Self.length(slope, 1)
    var g = diagonal[m] - diagonal[l] + beside[l] / (slope + (slope < 0 ? -root : root))
    var (s, c, p) = (1.0, 1.0, 0.0)
    for i in (l..<m).reversed() {
      let (f, b) = (s * beside[i], c * beside[i])
      let r = Self.length(f, g)
      beside[i + 1] = r
      if r == 0 {
        diagonal[i + 1] -= p
        beside[m] = 0
        return
      }
      (s, c) = (f / r, g / r)
      g = diagonal[i + 1] - p
      let turned = (diagonal[i] - g) * s + 2 * c * b
      p = s * turned
      diagonal[i + 1] = g + p
      g = c * turned - b
      Self.turn(&vectors, i * n, n, c, s)
    }
    diagonal[l] -= p
    beside[l] = g
    beside[m] = 0
  }

  /// Turns the row that begins at `first` and the next into one another.
  private static func turn(_ rows: inout [Double], _ first: Int, _ n: Int, _ c: Double, _ s: Double) {
    rows.withUnsafeMutableBufferPointer { rows in
      for k in first..<first + n {
        let (x, y) = (rows[k], rows[k + n])
        rows[k + n] = s * x + c * y
        rows[k] = c * x - s * y
      }
    }
  }

  /// √(x² + y²) without overflow; the library's may differ between machines.
  private static func length(_ x: Double, _ y: Double) -> Double {
    let (low, high) = (min(abs(x), abs(y)), max(abs(x), abs(y)))
    guard high > 0 else { return 0 }
    let ratio = low / high
    return high * (1 + ratio * ratio).squareRoot()
  }
}
