/// Principal axes of a set of vectors: eigenvectors of their second moments by cyclic Jacobi rotations, whose
/// operations are the same on every machine.
enum SymmetricEigen {
  /// - Parameter matrix: symmetric, `[n][n]`.
  /// - Returns: eigenvectors, `[axis][channel]`, by falling eigenvalue; each with its largest channel positive.
  /// - Complexity: O(n³) for each of about ten sweeps.
  static func axes(_ matrix: [[Double]]) -> [[Double]] {
    let n = matrix.count
    var a = matrix
    var vectors = (0..<n).map { row in (0..<n).map { $0 == row ? 1.0 : 0.0 } }
    let size = (0..<n).reduce(0) { $0 + a[$1][$1] * a[$1][$1] }
    for _ in 0..<60 {
      var off = 0.0
      for p in 0..<n { for q in p + 1..<max(n, p + 1) { off += a[p][q] * a[p][q] } }
      if off <= 1e-24 * size { break }
      for p in 0..<n { for q in p + 1..<max(n, p + 1) { rotate(&a, &vectors, p, q) } }
    }
    let order = (0..<n).sorted { (a[$0][$0], $1) > (a[$1][$1], $0) }
    return order.map { axis in
      let vector = (0..<n).map { vectors[$0][axis] }
      let largest = vector.indices.max { (abs(vector[$0]), $1) < (abs(vector[$1]), $0) } ?? 0
      return n > 0 && vector[largest] < 0 ? vector.map { -$0 } : vector
    }
  }

  /// The symmetric square root of a positive definite matrix, and its inverse.
  static func roots(_ matrix: [[Double]]) -> (root: [[Double]], inverse: [[Double]]) {
    let n = matrix.count
    var (root, inverse) = (matrix.map { $0.map { _ in 0.0 } }, matrix.map { $0.map { _ in 0.0 } })
    for axis in axes(matrix) {
      let along = matrix.map { row in zip(row, axis).reduce(0) { $0 + $1.0 * $1.1 } }
      let value = max(zip(along, axis).reduce(0) { $0 + $1.0 * $1.1 }, 1e-300).squareRoot()
      for i in 0..<n {
        for j in 0..<n {
          root[i][j] += axis[i] * axis[j] * value
          inverse[i][j] += axis[i] * axis[j] / value
        }
      }
    }
    return (root, inverse)
  }

  /// Makes `a[p][q]` zero.
  private static func rotate(_ a: inout [[Double]], _ vectors: inout [[Double]], _ p: Int, _ q: Int) {
    guard a[p][q] != 0 else { return }
    let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
    let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
    let c = 1 / (t * t + 1).squareRoot()
    let s = t * c
    for k in a.indices {
      let (x, y) = (a[k][p], a[k][q])
      a[k][p] = c * x - s * y
      a[k][q] = s * x + c * y
    }
    for k in a.indices {
      let (x, y) = (a[p][k], a[q][k])
      a[p][k] = c * x - s * y
      a[q][k] = s * x + c * y
      let (v, w) = (vectors[k][p], vectors[k][q])
      vectors[k][p] = c * v - s * w
      vectors[k][q] = s * v + c * w
    }
  }
}
