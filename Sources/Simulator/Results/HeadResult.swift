import Attention

/// The metrics of one query head over the scored steps of one configuration.
public struct HeadResult: Sendable, Equatable {
  public let layer: Int
  public let queryHead: Int
  public let kvHead: Int
  public let stepCount: Int
  /// `[metric][step]`, finite; NaN where a metric is undefined.
  private var values: [Double]
  /// A hash of the tokens chosen at each step, so that the digest sees the sets themselves.
  public var choiceHashes: [UInt64]
  /// The sets themselves, ascending, where they were asked for: one for each step.
  public var choices: [[Int32]] = []
  /// ‖o‖₂ of full attention's output at each step: what the output error is relative to, and what it weighs.
  public var outputNorms: [Double]

  public init(layer: Int, queryHead: Int, kvHead: Int, stepCount: Int) {
    self.layer = layer
    self.queryHead = queryHead
    self.kvHead = kvHead
    self.stepCount = stepCount
    values = Array(repeating: .nan, count: Metric.allCases.count * stepCount)
    choiceHashes = Array(repeating: 0, count: stepCount)
    outputNorms = Array(repeating: .nan, count: stepCount)
  }

  public subscript(metric: Metric, step: Int) -> Double {
    get { values[metric.rawValue * stepCount + step] }
    // No reader, JSON least of all, could do anything with an infinity, nor with a mean that has one in it.
    set { values[metric.rawValue * stepCount + step] = newValue.isFinite ? newValue : .nan }
  }

  /// One metric, step by step.
  public subscript(metric: Metric) -> ArraySlice<Double> {
    values[metric.rawValue * stepCount..<(metric.rawValue + 1) * stepCount]
  }

  public func summary(_ metric: Metric) -> MetricSummary { MetricSummary(self[metric]) }

  /// What the output error of a step weighs, ‖o‖₂; NaN where the error is undefined.
  public func outputNorm(_ step: Int) -> Double { self[.outputError, step].isNaN ? .nan : outputNorms[step] }

  /// Σ‖o‖₂ over the steps at which the output error is defined, in their order.
  public var outputNormSum: Double {
    (0..<stepCount).reduce(0) { self[.outputError, $1].isNaN ? $0 : $0 + outputNorms[$1] }
  }

  /// Σ‖o_S − o‖₂ / Σ‖o‖₂ over those steps: a step whose output is small says little. NaN where all outputs are zero.
  public var weightedOutputError: Double {
    let errors = (0..<stepCount).reduce(0.0) {
      self[.outputError, $1].isNaN ? $0 : $0 + self[.outputError, $1] * outputNorms[$1]
    }
    return errors / outputNormSum
  }
}

/// Mean and percentiles of the defined values of a metric.
public struct MetricSummary: Sendable, Equatable {
  /// How many values were defined.
  public let count: Int
  /// NaN where none was.
  public let mean: Double
  public let p5: Double
  public let p50: Double
  public let p95: Double

  public init(_ values: some Sequence<Double>) {
    let sorted = values.filter { !$0.isNaN }.sorted()
    count = sorted.count
    // Summed in ascending order, so that the order of the steps cannot matter.
    mean = sorted.isEmpty ? .nan : sorted.reduce(0, +) / Double(sorted.count)
    p5 = Quantile.of(0.05, sorted: sorted)
    p50 = Quantile.of(0.5, sorted: sorted)
    p95 = Quantile.of(0.95, sorted: sorted)
  }
}
