extension PortableMath {
  /// The number that a standard normal variable stays below with probability `share`, 0.5...1 − 1e-12: halving of 0...8.
  static func normalQuantile(_ share: Double) -> Double {
    var (low, high) = (0.0, 8.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if normalShare(middle) < share { low = middle } else { high = middle }
    }
    return high
  }

  /// Probability that a standard normal variable is below a number in 0...8: ½ + φ(x) · Σ x^(2n+1) / (1 · 3 ⋯ (2n+1)).
  static func normalShare(_ value: Double) -> Double {
    let square = value * value
    var (term, sum) = (value, value)
    for n in 1..<200 {
      term *= square / Double(2 * n + 1)
      sum += term
    }
    return 0.5 + 0.398_942_280_401_432_7 * exp(-square / 2) * sum
  }
}
