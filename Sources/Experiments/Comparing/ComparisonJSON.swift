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
  /// What a live model's answers lose; left out where no live run has both.
  var live: Live?

  /// The same of live runs alone.
  public struct Live: Encodable {
    let a: String
    let b: String
    let texts: [String]
    let metrics: [Line]
    let keys: LiveComparison.Keys?

    public init(_ found: LiveComparison) {
      (a, b, texts, keys) = (found.a, found.b, found.texts, found.keys)
      metrics = found.differences.map(Line.init)
    }
  }

  struct Line: Encodable {
    let metric: String
    let a: Double
    let b: Double
    let difference: Double
    /// In the order of the traces.
    let perTrace: [Double]
    /// Left out, as the ps are, where a trace has too few steps; the ps also where there are too few traces.
    let low: Double?
    let high: Double?
    let p: Double?
    let adjustedP: Double?

    init(_ found: PairedDifference) {
      (metric, a, b, difference) = (found.metric, found.meanA, found.meanB, found.difference)
      perTrace = found.perTrace
      (low, high) = (found.interval?.lowerBound, found.interval?.upperBound)
      (p, adjustedP) = (found.p, found.adjustedP)
    }
  }

  /// Two runs, configuration by configuration.
  public struct Runs: Encodable {
    let a: String
    let b: String
    let pairs: [ComparisonJSON]
    let inAAlone: [String]
    let inBAlone: [String]
    let withoutSteps: [String]

    public init(_ found: RunComparison, a: String, b: String) {
      self.a = a
      self.b = b
      pairs = found.pairs.map { ComparisonJSON($0) }
      inAAlone = found.unpairedA
      inBAlone = found.unpairedB
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
