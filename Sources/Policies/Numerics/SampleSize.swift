/// How many tokens of a range are drawn so that the sum of their exponentials tells that of all.
struct SampleSize {
  private let range: Range<Int>
  private let weights: (Int) -> Float
  private let certain: Double
  let baseSize: Int

  /// - Parameters:
  ///   - weights: exp(logit − largest logit) by token.
  ///   - taken: tokens that are certain, ascending.
  ///   - base: share of the range that is drawn first.
  init(_ range: Range<Int>, weights: @escaping (Int) -> Float, taken: [Int], base: Double) {
    self.range = range
    self.weights = weights
    certain = taken.reduce(0) { $0 + Double(weights($1)) }
    baseSize = max(2, Int(base * Double(range.count)))
  }

  /// Draws by which the denominator is within a share ε of itself.
  func size(after drawn: [Int], within epsilon: Double, _ deviations: Double) -> Int {
    let values = drawn.map { Double(weights($0)) }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = max((squares / Double(values.count - 1)).squareRoot(), 1e-8)
    let distinct = Set(drawn).sorted().reduce(0) { $0 + Double(weights($1)) }
    let all = Double(range.count)
    let denominator = certain + all / Double(drawn.count) * distinct
    let root = deviations * deviation * all / (epsilon * denominator)
    // Never beyond the range, however large the root.
    let wanted = root * root < all ? Int(root * root) : range.count
    return min(max(wanted, baseSize), range.count)
  }
}
