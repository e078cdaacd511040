import Attention
import Results

/// A comparison as an object.
public struct ComparisonJSON: Encodable {
  let a: String
  let b: String
  let traces: [String]
  let metrics: [Line]
  let bytes: [ByteDifference]
  let kernel: KernelDifference
  let modelled: [ModelledDifference]
  let largestDifferences: [Extremes]
  /// What differs beside the policy, and what of it keeps the sides from equal footing.
  let settings: [PairedComparison.Setting]
  let notOnEqualFooting: [PairedComparison.Setting]
  /// What a live model's answers lose; nil where no live run has both.
  var live: Live?

  /// The lines of the first table.
  package var lines: [Line] {
    metrics + bytes.map(Line.init) + [kernel.ratio.map { Line(kernel, ratio: $0) }].compactMap(\.self)
  }

  /// The same of live runs alone.
  public struct Live: Encodable {
    let a: String
    let b: String
    let texts: [String]
    package let metrics: [Line]
    let keys: LiveComparison.Keys?

    public init(_ found: LiveComparison) {
      (a, b, texts, keys) = (found.a, found.b, found.texts, found.keys)
      metrics = found.differences.map(Line.init)
    }
  }

  package struct Line: Encodable {
    let metric: String
    let a: Double?
    let b: Double?
    let difference: Double?
    /// In the order of the traces; nil of bytes and kernels.
    let perTrace: [Double]?
    /// B over A, of kernels, of which the interval is then.
    let ratio: Double?
    /// Nil, as the ps are, where a trace has too few steps, or a value is exact; the ps also where there are too few
    /// traces.
    let low: Double?
    let high: Double?
    let p: Double?
    let adjustedP: Double?

    init(_ found: PairedDifference) {
      (metric, a, b, difference) = (found.metric, found.meanA, found.meanB, found.difference)
      perTrace = found.perTrace
      (low, high) = (found.interval?.lowerBound, found.interval?.upperBound)
      (p, adjustedP, ratio) = (found.p, found.adjustedP, nil)
    }

    fileprivate init(_ found: ByteDifference) {
      metric = (Reading(rawValue: found.reading) ?? .groupUnion).bytesShareColumn
      (a, b, difference) = (found.a, found.b, found.difference)
      (ratio, low, high, p, adjustedP) = (nil, nil, nil, nil, nil)
      perTrace = nil
    }

    fileprivate init(_ found: KernelDifference, ratio: Double) {
      metric = "kernel_speedup"
      (a, b, difference, self.ratio) = (found.a, found.b, nil, ratio)
      (low, high, p, adjustedP) = (found.low, found.high, nil, nil)
      perTrace = nil
    }
  }

  /// Two runs, configuration by configuration.
  public struct Runs: Encodable {
    let a: String
    let b: String
    let pairs: [ComparisonJSON]
    let onlyInA: [String]
    let onlyInB: [String]
    let withoutSteps: [String]

    /// A line of the table: what one configuration differs in between the runs.
    package struct Pair: Encodable {
      let a: String
      let b: String
      let trace: String
      let recallDifference: Double?
      let massDifference: Double?
      let outputErrorDifference: Double?
      let outputErrorLow: Double?
      let outputErrorHigh: Double?
      let outputErrorAdjustedP: Double?
      let weightedOutputErrorDifference: Double?
      let projectedOutputErrorDifference: Double?
      let perHeadBytesShareDifference: Double?
      let groupUnionBytesShareDifference: Double?
      let kernelSpeedupRatio: Double?

      init(_ pair: ComparisonJSON) {
        let found = Dictionary(pair.lines.map { ($0.metric, $0) }) { first, _ in first }
        let error = found["output_error"]
        (a, b, trace) = (pair.a, pair.b, pair.traces.joined(separator: "; "))
        recallDifference = found["recall"]?.difference
        massDifference = found["mass"]?.difference
        outputErrorDifference = error?.difference
        (outputErrorLow, outputErrorHigh) = (error?.low, error?.high)
        outputErrorAdjustedP = error?.adjustedP
        weightedOutputErrorDifference = found["weighted_output_error"]?.difference
        projectedOutputErrorDifference = found["projected_output_error"]?.difference
        perHeadBytesShareDifference = found["per_head_bytes_share"]?.difference
        groupUnionBytesShareDifference = found["group_union_bytes_share"]?.difference
        kernelSpeedupRatio = found["kernel_speedup"]?.ratio
      }
    }

    package var lines: [Pair] { pairs.map(Pair.init) }

    public init(_ found: RunComparison, a: String, b: String) {
      self.a = a
      self.b = b
      pairs = found.pairs.map { ComparisonJSON($0) }
      onlyInA = found.unpairedA
      onlyInB = found.unpairedB
      withoutSteps = found.withoutSteps
    }
  }

  public init(_ found: PairedComparison, live: LiveComparison? = nil) {
    self.live = live.map(Live.init)
    a = found.a
    b = found.b
    traces = found.traces
    metrics = found.differences.map(Line.init)
    bytes = found.bytes
    kernel = found.kernel
    modelled = found.modelled
    largestDifferences = found.extremes
    settings = found.settings
    notOnEqualFooting = found.footing
  }
}
