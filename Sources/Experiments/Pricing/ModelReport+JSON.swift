import Pricing
import Simulator

extension ModelReport {
  /// The report as an object.
  public struct JSON: Encodable {
    let database: String?
    let reading: String
    /// What the configurations are held to; nil where they are told as they are.
    let quality: String?
    /// Policies that have no such configuration, and configurations that cannot be priced for the model.
    let missed: [String]
    let leftOut: [String]
    let notes: [String]
    let points: [Point]

    /// A configuration at a context and batch size; of a layer's step, by the columns of `modelled_speedups` where it has them.
    package struct Point: Encodable {
      let configuration: Int64
      let policy: String
      let label: String
      let textTitle: String
      let hardware: String
      let hardwareDigest: String
      let machine: String
      let kernels: String
      let geometry: String
      let devices: Int
      let parallelism: String
      let cacheBits: Int?
      let weightBits: Int?
      let contextTokens: Int
      let batch: Int
      let reading: String
      let policyNs: Double
      let denseNs: Double
      /// Nil where model and caches do not fit the machine.
      let modelledSpeedup: Double?
      /// Of all layers, where some see the latest tokens alone; the times above are then of one that sees everything.
      let layers: PricingJob.Windows.JSON?
      let movedBytes: Double
      let stagesNs: [String: Double]
      /// Of times of the policy's kind (`priceKind`), on measurements that no fit saw; nil where none were had.
      let priceKind: String
      let relativeErrorP50: Double?
      let relativeErrorP90: Double?
      let relativeErrorMean: Double?
      let extrapolated: Bool
      let outputError: Double?
      let recall: Double?
      let wholeModelSpeedup: Double?
      /// Of whole steps on measured ones that no fit saw.
      let wholeModelErrorP50: Double?
      let wholeModelErrorP90: Double?
      let wholeModelErrorMean: Double?
      let tokensPerSecond: Double?
      let denseTokensPerSecond: Double?
      let largestBatch: Int?
      let denseLargestBatch: Int?
      let crossoverTokens: Double?
    }
  }

  public var json: JSON {
    JSON(
      database: database, reading: job.reading.rawValue, quality: quality?.text,
      missed: quality?.missed(job.shapes).map(\.policy) ?? [], leftOut: job.leftOut.map(\.label),
      notes: notes + (showsSensitivity ? sensitivities : []), points: rows)
  }

  /// Each time that was priced.
  package var rows: [JSON.Point] {
    points.map { point in
      let error = point.row.machine.error(of: point.step.kind, at: point.step.geometry)
      let stages = Dictionary(
        point.step.policy.parts.map { ($0.term.name, $0.nanoseconds) }, uniquingKeysWith: +)
      return JSON.Point(
        configuration: point.stored.configuration.rawValue, policy: point.stored.policy,
        label: point.stored.label, textTitle: point.stored.traceTitle,
        hardware: point.row.machine.name, hardwareDigest: point.row.machine.model.digest,
        machine: point.row.machine.machine.name, kernels: point.row.machine.kernels.name,
        geometry: point.row.geometryName, devices: job.deployment.devices,
        parallelism: job.deployment.parallelism.rawValue,
        cacheBits: job.deployment.cacheBits, weightBits: job.deployment.weightBits,
        contextTokens: Int(saturating: point.step.geometry.context.rounded()),
        batch: Int(saturating: point.step.batch), reading: job.reading.rawValue,
        policyNs: point.step.policy.nanoseconds, denseNs: point.step.dense.nanoseconds,
        modelledSpeedup: point.speedUp, layers: point.windows?.json(fits: point.speedUp != nil),
        movedBytes: point.step.policy.bytes,
        stagesNs: stages,
        priceKind: point.step.kind.rawValue,
        relativeErrorP50: error?.median, relativeErrorP90: error?.p90, relativeErrorMean: error?.signedMean,
        extrapolated: point.row.isExtrapolated,
        outputError: point.stored.outputError, recall: point.stored.recall,
        wholeModelSpeedup: point.wholeSpeedUp, wholeModelErrorP50: point.whole?.error?.median,
        wholeModelErrorP90: point.whole?.error?.p90, wholeModelErrorMean: point.whole?.error?.signedMean,
        tokensPerSecond: point.whole?.policy.tokensPerSecond,
        denseTokensPerSecond: point.whole?.dense.tokensPerSecond,
        largestBatch: point.whole?.policy.largestBatch, denseLargestBatch: point.whole?.dense.largestBatch,
        crossoverTokens: crossoverTokens(point))
    }
  }
}
