import Attention

/// The difference of two configurations in one metric, on identical queries, with a bootstrap interval.
///
/// Pairs are (step, layer, query head) of one trace. Heads and layers of a step are not independent, neighbouring steps are
/// alike, and so are the steps of one text: those of a step are taken together; where there are several traces, traces are
/// drawn anew, with replacement, and within each drawn trace blocks of consecutive steps. Traces weigh alike. A weighted
/// metric is the ratio of the sums over what was drawn.
public struct PairedDifference: Sendable, Equatable {
  public let metric: String
  public let meanA: Double
  public let meanB: Double
  /// B less A.
  public let difference: Double
  /// The same of each trace.
  public let perTrace: [Double]
  /// Of the difference, 2.5th and 97.5th percentile of the resamples; nil where a trace has fewer than
  /// ``fewestSteps`` steps, too few to say how they spread.
  public let interval: ClosedRange<Double>?
  /// Twice the share of the resamples on the rarer side of zero, at most 1; nil without an interval and for fewer than ``fewestTraces`` traces.
  public let p: Double?
  /// `p` by Holm's correction over the metrics compared together.
  public internal(set) var adjustedP: Double?

  /// Resamples of an interval.
  public static let resamples = 10_000
  /// Consecutive steps that are drawn together, at most: an eighth of a shorter trace, so that a resample has blocks to choose from.
  public static let mostBlockSteps = 8
  public static let fewestSteps = 8
  /// Of a p: steps of one text tell how the difference varies within it, and not what another text would give.
  public static let fewestTraces = 5

  static func blockSteps(of steps: Int) -> Int { max(1, min(mostBlockSteps, steps / 8)) }

  /// - Parameter series: per trace.
  init(metric: String, series: [PairedSteps], seed: UInt64) {
    self.metric = metric
    func ratio(_ sums: [Double], _ steps: PairedSteps) -> Double {
      sums.reduce(0, +) / steps.weights.reduce(0, +)
    }
    meanA = series.map { ratio($0.a, $0) }.mean
    meanB = series.map { ratio($0.b, $0) }.mean
    let differences = series.map { zip($0.b, $0.a).map { $0 - $1 } }
    perTrace = zip(differences, series).map(ratio)
    difference = perTrace.mean
    guard difference.isFinite, !differences.isEmpty,
      differences.allSatisfy({ $0.count >= Self.fewestSteps })
    else {
      (interval, p) = (nil, nil)
      return
    }
    var generator = SplitMix64(seed: seed)
    let drawn = (0..<Self.resamples).map { _ in
      differences.indices.map { own in
        let trace = differences.count == 1 ? own : Int(generator.next() % UInt64(differences.count))
        return Self.resampledRatio(differences[trace], series[trace].weights, &generator)
      }.mean
    }.sorted()
    let low = drawn[Int(0.025 * Double(drawn.count - 1))]
    let high = drawn[Int((0.975 * Double(drawn.count - 1)).rounded(.up))]
    interval = low...high
    guard series.count >= Self.fewestTraces else {
      p = nil
      return
    }
    let rarer = min(drawn.count { $0 <= 0 }, drawn.count { $0 >= 0 })
    // One more than counted: so many resamples cannot tell a smaller share from none.
    p = min(1, 2 * Double(rarer + 1) / Double(drawn.count + 1))
  }

  /// Means alone, where no steps are stored.
  init(metric: String, meanA: [Double], meanB: [Double]) {
    self.metric = metric
    self.meanA = meanA.mean
    self.meanB = meanB.mean
    perTrace = zip(meanB, meanA).map { $0 - $1 }
    difference = perTrace.mean
    (interval, p) = (nil, nil)
  }

  /// The sum over as many steps, drawn in blocks that wrap round, over the sum of what those weigh.
  private static func resampledRatio(
    _ steps: [Double], _ weights: [Double], _ generator: inout SplitMix64
  ) -> Double {
    let block = blockSteps(of: steps.count)
    var (sum, weight, left) = (0.0, 0.0, steps.count)
    while left > 0 {
      let start = Int(generator.next() % UInt64(steps.count))
      let count = min(block, left)
      for offset in 0..<count {
        let step = (start + offset) % steps.count
        sum += steps[step]
        weight += weights[step]
      }
      left -= count
    }
    return sum / weight
  }

  /// Holm's step-down correction (https://www.jstor.org/stable/4615733): the smallest of m is multiplied by m, the next by m − 1 and so
  /// on, and none ends below one before it.
  static func holm(_ values: [Double]) -> [Double] {
    var result = values
    var largest = 0.0
    for (place, index) in values.indices.sorted(by: { (values[$0], $0) < (values[$1], $1) }).enumerated() {
      largest = max(largest, min(1, values[index] * Double(values.count - place)))
      result[index] = largest
    }
    return result
  }

  /// Fills in `adjustedP` of metrics that are read together.
  static func adjusted(_ differences: [PairedDifference]) -> [PairedDifference] {
    let tested = differences.indices.filter { differences[$0].p != nil }
    var result = differences
    for (index, value) in zip(tested, holm(tested.compactMap { differences[$0].p })) {
      result[index].adjustedP = value
    }
    return result
  }
}
