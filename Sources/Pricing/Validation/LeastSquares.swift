import Foundation

/// Levenberg–Marquardt for a handful of positive parameters: on their logarithms, so that they stay positive, and
/// with a soft absolute loss, so that a few wild measurements do not decide (residuals beyond `softness` count less).
struct LeastSquares {
  var softness = 0.1
  var rounds = 200

  /// - Parameters:
  ///   - start: positive first guesses.
  ///   - residuals: log(predicted / measured) of every measurement, for given parameters.
  func fit(start: [Double], residuals: ([Double]) -> [Double]) -> [Double] {
    var place = start.map(log)
    var damping = 1e-2
    var current = residuals(place.map(exp))
    var loss = self.loss(current)
    for _ in 0..<rounds {
      let slopes = slopes(at: place, current, residuals)
      let weights = current.map { 1 / (1 + ($0 / softness) * ($0 / softness)).squareRoot() }
      guard let step = step(slopes, current, weights, damping: damping) else { break }
      let next = zip(place, step).map { $0 + max(-1, min(1, $1)) }
      let there = residuals(next.map(exp))
      let lossThere = self.loss(there)
      if lossThere < loss {
        let gain = (loss - lossThere) / loss
        (place, current, loss) = (next, there, lossThere)
        damping = max(damping / 3, 1e-9)
        if gain < 1e-10 { break }
      } else {
        damping *= 4
        if damping > 1e12 { break }
      }
    }
    return place.map(exp)
  }

  private func loss(_ residuals: [Double]) -> Double {
    residuals.reduce(0) { $0 + 2 * ((1 + ($1 / softness) * ($1 / softness)).squareRoot() - 1) }
  }

  /// `[parameter][measurement]`, by forward differences.
  private func slopes(at place: [Double], _ here: [Double], _ residuals: ([Double]) -> [Double]) -> [[Double]]
  {
    let width = 1e-5
    return place.indices.map { index in
      var moved = place
      moved[index] += width
      return zip(residuals(moved.map(exp)), here).map { ($0 - $1) / width }
    }
  }

  private func step(_ slopes: [[Double]], _ residuals: [Double], _ weights: [Double], damping: Double)
    -> [Double]?
  {
    let count = slopes.count
    func product(_ a: [Double], _ b: [Double]) -> Double {
      var sum = 0.0
      for i in a.indices { sum += a[i] * b[i] * weights[i] }
      return sum
    }
    var matrix = slopes.map { row in slopes.map { product(row, $0) } }
    var right = slopes.map { -product($0, residuals) }
    // A parameter that no measurement depends on stays where it is.
    for i in 0..<count { matrix[i][i] += damping * max(matrix[i][i], 1e-6) }
    for pivot in 0..<count {
      guard let best = (pivot..<count).max(by: { abs(matrix[$0][pivot]) < abs(matrix[$1][pivot]) }),
        abs(matrix[best][pivot]) > 1e-300
      else { return nil }
      matrix.swapAt(pivot, best)
      right.swapAt(pivot, best)
      for row in pivot + 1..<count {
        let factor = matrix[row][pivot] / matrix[pivot][pivot]
        for column in pivot..<count { matrix[row][column] -= factor * matrix[pivot][column] }
        right[row] -= factor * right[pivot]
      }
    }
    var result = Array(repeating: 0.0, count: count)
    for row in (0..<count).reversed() {
      let known = (row + 1..<count).reduce(0.0) { $0 + matrix[row][$1] * result[$1] }
      result[row] = (right[row] - known) / matrix[row][row]
    }
    return result
  }
}
