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

  struct Line: Encodable {
    let metric: String
    let a: Double
    let b: Double
    let difference: Double
    /// Left out, as the ps are, where a trace has too few steps.
    let low: Double?
    let high: Double?
    let p: Double?
    let adjustedP: Double?
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
      pairs = found.pairs.map(ComparisonJSON.init)
      inAAlone = found.unpairedA
      inBAlone = found.unpairedB
      withoutSteps = found.withoutSteps
    }
  }

  public init(_ found: PairedComparison) {
    a = found.a
    b = found.b
    traces = found.traces
    metrics = found.differences.map {
      Line(
        metric: $0.metric, a: $0.meanA, b: $0.meanB, difference: $0.difference, low: $0.interval?.lowerBound,
        high: $0.interval?.upperBound, p: $0.p, adjustedP: $0.adjustedP)
    }
    bytes = found.bytes
    kernel = found.kernel
    modelled = found.modelled
    largestDifferences = found.extremes
    settings = found.settings
    notOnEqualFooting = found.footing
  }
}
