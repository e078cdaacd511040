/// Budgets of layers by what they prefer.
enum LayerShares {
  /// The logarithm of dispersion^(1/τ₁) · variance^(1/τ₂), which no sum can overflow; minus infinity where one of them is none.
  static func logarithm(dispersion: Double, variance: Double, _ tau1: Double, _ tau2: Double) -> Double {
    guard dispersion.isNormal, dispersion > 0, variance.isNormal, variance > 0 else { return -.infinity }
    return PortableMath.log(dispersion) / tau1 + PortableMath.log(variance) / tau2
  }

  /// Whole numbers that are `mean` on average, in proportion to the layers' preferences and at most `most`; what rounding down
  /// and that limit leave over goes to the layers evenly, the first ones first.
  ///
  /// - Parameter logarithms: of the preferences.
  static func budgets(_ logarithms: [Double], mean: Int, most: Int) -> [Int] {
    let largest = logarithms.max() ?? 0
    let parts = logarithms.map { largest > -.infinity ? PortableMath.exp($0 - largest) : 1 }
    let sum = parts.reduce(0, +)
    let total = min(mean, most) * parts.count
    // What logarithms leave just below a whole number is that number.
    var result = parts.map { min(most, Int(Double(total) * ($0 / sum) + 1e-6)) }
    var left = total - result.reduce(0, +)
    while left > 0 {
      let open = result.indices.filter { result[$0] < most }
      if open.isEmpty { break }
      let even = max(1, left / open.count)
      for layer in open where left > 0 {
        let more = min(even, left, most - result[layer])
        result[layer] += more
        left -= more
      }
    }
    return result
  }
}
