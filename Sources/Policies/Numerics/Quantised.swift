/// Values rounded to few bits between their lowest and highest.
enum Quantised {
  /// Replaces each value by the nearest of 2^bits levels.
  static func round(_ values: UnsafeMutablePointer<Float>, count: Int, bits: Int) {
    guard count > 0 else { return }
    var (low, high) = (values[0], values[0])
    for i in 1..<max(count, 1) {
      low = min(low, values[i])
      high = max(high, values[i])
    }
    let step = (high - low) / Float((1 << bits) - 1)
    guard step > 0 else { return }
    for i in 0..<count { values[i] = low + ((values[i] - low) / step).rounded() * step }
  }
}
