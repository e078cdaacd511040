/// Principal axes of a set of vectors: eigenvectors of their second moments, by operations that are the same on every machine.
///
/// Up to ``mostByRotations`` channels by cyclic Jacobi rotations, whose cost, about 90 n³ operations, is nothing there; above by
/// tridiagonalisation and implicit QL (Bowdler, Martin, Reinsch and Wilkinson, Numer. Math. 11, 1968), about 9 n³.
enum SymmetricEigen {
  static let mostByRotations = 128

  /// - Parameter matrix: symmetric, `[n][n]`.
  /// - Returns: eigenvectors, `[axis][channel]`, by falling eigenvalue; each with its largest channel positive.
  /// - Complexity: O(n³).
  static func axes(_ matrix: [[Double]]) -> [[Double]] {
    let n = matrix.count
    let flat = Array(matrix.joined())
    let (values, vectors) =
      n <= mostByRotations
      ? JacobiRotations(flat, size: n).solved() : TridiagonalQL(flat, size: n).solved()
    return values.bestFirst().map { axis in
      let vector = Array(vectors[axis * n..<(axis + 1) * n])
      let largest = vector.indices.max { (abs(vector[$0]), $1) < (abs(vector[$1]), $0) } ?? 0
      return n > 0 && vector[largest] < 0 ? vector.map { -$0 } : vector
    }
  }
}
