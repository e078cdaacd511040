import Testing

@testable import Policies

@Suite struct SymmetricEigenTests {
  /// Second moments of random rows, of which the later channels are smaller.
  static func moments(_ n: Int, rows: Int, seed: UInt64 = 1) -> [[Double]] {
    var random = SeededRandom(seed)
    var matrix = Array(repeating: Array(repeating: 0.0, count: n), count: n)
    for _ in 0..<rows {
      let row = (0..<n).map { (Double(random.below(2001)) / 1000 - 1) / (1 + Double($0) / 8) }
      for i in 0..<n { for j in 0..<n { matrix[i][j] += row[i] * row[j] } }
    }
    return matrix
  }

  static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

  /// How far axes are from being eigenvectors, in shares of the largest eigenvalue, and from each other's right angles;
  /// and their eigenvalues.
  static func flaws(_ axes: [[Double]], of matrix: [[Double]]) -> (
    residual: Double, angle: Double, values: [Double]
  ) {
    var (residual, angle): (Double, Double) = (0, 0)
    var values: [Double] = []
    for (index, axis) in axes.enumerated() {
      let image = matrix.map { dot($0, axis) }
      let value = dot(image, axis)
      values.append(value)
      residual = max(residual, zip(image, axis).reduce(0) { max($0, abs($1.0 - value * $1.1)) })
      for other in axes[..<index] { angle = max(angle, abs(dot(axis, other))) }
      angle = max(angle, abs(dot(axis, axis) - 1))
    }
    return (residual / max(values.first ?? 1, .leastNormalMagnitude), angle, values)
  }

  /// On both sides of where the method changes, of full rank and of less.
  @Test(arguments: [
    (1, 3), (2, 1), (64, 10), (64, 200), (128, 40), (129, 40), (129, 300), (192, 32),
  ])
  func axesAreEigenvectorsByFallingEigenvalue(n: Int, rows: Int) throws {
    let matrix = Self.moments(n, rows: rows)
    let axes = SymmetricEigen.axes(matrix)
    #expect(axes.count == n && axes.allSatisfy { $0.count == n })
    let flaws = Self.flaws(axes, of: matrix)
    #expect(flaws.residual < 1e-12 && flaws.angle < 1e-12, "\(flaws.residual) \(flaws.angle)")
    let largest = try #require(flaws.values.first)
    #expect(zip(flaws.values, flaws.values.dropFirst()).allSatisfy { $0 >= $1 - 1e-12 * largest })
    for axis in axes {
      let longest = try #require(axis.max { abs($0) < abs($1) })
      #expect(longest > 0)
    }
  }

  /// Two methods, one answer: leading axes, whose eigenvalues lie apart, agree.
  @Test func methodsAgree() {
    let n = 48
    let matrix = Self.moments(n, rows: 100)
    let flat = Array(matrix.joined())
    let (values, vectors) = TridiagonalQL(flat, size: n).solved()
    let (expected, rotated) = JacobiRotations(flat, size: n).solved()
    let (order, other) = (
      values.indices.sorted { values[$0] > values[$1] },
      expected.indices.sorted { expected[$0] > expected[$1] }
    )
    for (mine, its) in zip(order, other) {
      #expect(abs(values[mine] - expected[its]) < 1e-12 * (expected.max() ?? 1))
    }
    for (mine, its) in zip(order, other).prefix(4) {
      let cosine = Self.dot(
        Array(vectors[mine * n..<(mine + 1) * n]), Array(rotated[its * n..<(its + 1) * n]))
      #expect(abs(abs(cosine) - 1) < 1e-10)
    }
  }

  /// The bits of stored results of models of 64 and 128 channels: this digest is of the axes as they were first computed.
  @Test func axesOfSmallHeadsKeepTheirBits() {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for axis in SymmetricEigen.axes(Self.moments(24, rows: 60)) {
      for value in axis { hash = (hash ^ value.bitPattern) &* 0x100_0000_01b3 }
    }
    #expect(hash == 0x9ecb_2e10_f01f_f58c)
  }

  /// Diagonal, zero, constant, and as large and small as doubles go: an answer, and no endless loop.
  @Test(arguments: [0.0, 1, 1e-300, 1e150, -1, .infinity, .nan]) func anyNumbersEnd(value: Double) {
    for n in [5, 130] {
      for matrix in [
        (0..<n).map { i in (0..<n).map { $0 == i ? value : 0 } },
        Array(repeating: Array(repeating: value, count: n), count: n),
      ] {
        let axes = SymmetricEigen.axes(matrix)
        #expect(axes.count == n)
        if value.isFinite, abs(value) < 1e100 {
          #expect(Self.flaws(axes, of: matrix).angle < 1e-12)
        }
      }
    }
  }

  @Test func nothingHasNoAxes() { #expect(SymmetricEigen.axes([]).isEmpty) }
}
