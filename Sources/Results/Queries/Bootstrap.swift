import Attention
import Simulator

/// 95 % intervals by drawing anew with replacement, the same on every machine (percentile bootstrap,
/// doi:10.1214/aos/1176344552).
enum Bootstrap {
  static let resamples = 2_000

  /// A metric of all heads at one step: their sum, and what it weighs: at how many of them it is defined, or the norms
  /// that the heads weigh by.
  struct Step {
    let sum: Double
    let weight: Double
  }

  /// Of the mean over all heads and steps, or of the ratio of their sums. Blocks of consecutive steps are drawn together, as
  /// in ``PairedDifference``, since neighbouring steps are alike.
  ///
  /// - Returns: Nil where the metric is defined nowhere.
  static func meanInterval(_ steps: [Step]) -> ClosedRange<Double>? {
    let block = PairedDifference.blockSteps(of: steps.count)
    var generator = SplitMix64(seed: 1)
    let means = (0..<resamples).compactMap { _ -> Double? in
      var (sum, weight, left) = (0.0, 0.0, steps.count)
      while left > 0 {
        let start = Int(generator.next() % UInt64(steps.count))
        for offset in 0..<min(block, left) {
          let step = steps[(start + offset) % steps.count]
          sum += step.sum
          weight += step.weight
        }
        left -= block
      }
      return weight > 0 ? sum / weight : nil
    }
    return middle(means)
  }

  /// Of the ratio of two sums of medians over groups of pairs, each pair drawn as one, as many of a group as there are.
  ///
  /// - Returns: Nil for fewer than two pairs.
  static func medianRatioInterval(_ groups: [[(over: Double, under: Double)]]) -> ClosedRange<Double>? {
    guard groups.reduce(0, { $0 + $1.count }) > 1 else { return nil }
    let orders = groups.map { pairs in
      (
        over: pairs.indices.sorted { pairs[$0].over < pairs[$1].over },
        under: pairs.indices.sorted { pairs[$0].under < pairs[$1].under }
      )
    }
    var generator = SplitMix64(seed: 1)
    let ratios = (0..<resamples).compactMap { _ -> Double? in
      var (over, under) = (0.0, 0.0)
      for (pairs, order) in zip(groups, orders) {
        var drawn = [Int](repeating: 0, count: pairs.count)
        for _ in pairs { drawn[Int(generator.next() % UInt64(pairs.count))] += 1 }
        over += median(order.over, drawn) { pairs[$0].over }
        under += median(order.under, drawn) { pairs[$0].under }
      }
      return under > 0 ? over / under : nil
    }
    return middle(ratios)
  }

  private static func middle(_ values: [Double]) -> ClosedRange<Double>? {
    let sorted = values.filter(\.isFinite).sorted()
    guard !sorted.isEmpty, sorted.count == values.count else { return nil }
    return Quantile.of(0.025, sorted: sorted)...Quantile.of(0.975, sorted: sorted)
  }

  /// Of a sample in which `order[i]`, from the smallest value on, stands `drawn[order[i]]` times.
  private static func median(_ order: [Int], _ drawn: [Int], _ value: (Int) -> Double) -> Double {
    var before = 0
    var lower: Double?
    for index in order where drawn[index] > 0 {
      before += drawn[index]
      if lower == nil, before > (order.count - 1) / 2 { lower = value(index) }
      if before > order.count / 2 { return ((lower ?? value(index)) + value(index)) / 2 }
    }
    return lower ?? 0
  }
}
