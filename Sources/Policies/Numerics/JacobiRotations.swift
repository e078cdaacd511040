/// Eigenvectors of a small symmetric matrix by cyclic Jacobi rotations, each of which makes one element zero.
struct JacobiRotations {
  private let n: Int
  /// Row by row, both halves.
  private var a: [Double]
  /// `[axis][channel]`
  private var vectors: [Double]

  /// - Parameter matrix: symmetric, `[size][size]`, row by row.
  init(_ matrix: [Double], size: Int) {
    n = size
    a = matrix
    vectors = (0..<size * size).map { $0 / size == $0 % size ? 1 : 0 }
  }

  /// - Returns: eigenvalues in no order, and their vectors, `[axis][channel]`, one after another.
  /// - Complexity: O(n³) for each of about ten sweeps.
  func solved() -> (values: [Double], vectors: [Double]) {
    var work = self
    let size = (0..<n).reduce(0) { $0 + a[$1 * n + $1] * a[$1 * n + $1] }
    for _ in 0..<60 {
      var off = 0.0
      for p in 0..<n { for q in p + 1..<max(n, p + 1) { off += work.a[p * n + q] * work.a[p * n + q] } }
      if off <= 1e-24 * size { break }
      for p in 0..<n { for q in p + 1..<max(n, p + 1) { work.rotate(p, q) } }
    }
    return ((0..<n).map { work.a[$0 * n + $0] }, work.vectors)
  }

  /// Makes `a[p][q]` zero.
  private mutating func rotate(_ p: Int, _ q: Int) {
    let across = a[p * n + q]
    guard across != 0 else { return }
    let theta = (a[q * n + q] - a[p * n + p]) / (2 * across)
    let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
    let c = 1 / (t * t + 1).squareRoot()
    let s = t * c
    let n = n
    a.withUnsafeMutableBufferPointer { a in
      for k in 0..<n {
        let (x, y) = (a[k * n + p], a[k * n + q])
        a[k * n + p] = c * x - s * y
        a[k * n + q] = s * x + c * y
      }
      Self.turn(a, p * n, q * n, n, c, s)
    }
    vectors.withUnsafeMutableBufferPointer { Self.turn($0, p * n, q * n, n, c, s) }
  }

  /// Turns two rows, which begin at `first` and `second`, into one another.
  private static func turn(
    _ rows: UnsafeMutableBufferPointer<Double>, _ first: Int, _ second: Int, _ n: Int, _ c: Double,
    _ s: Double
  ) {
    for k in 0..<n {
      let (x, y) = (rows[first + k], rows[second + k])
      rows[first + k] = c * x - s * y
      rows[second + k] = s * x + c * y
    }
  }
}
