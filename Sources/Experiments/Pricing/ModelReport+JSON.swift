import Pricing
import Simulator

extension ModelReport {
  /// The report as an object.
  public struct JSON: Encodable {
    let database: String?
    let reading: String
    /// What the configurations are held to; left out where they are told as they are.
    let quality: String?
    /// Policies that have no such configuration, and configurations that cannot be priced for the model.
    let missed: [String]
    let leftOut: [String]
    let points: [Point]

    struct Point: Encodable {
      let configuration: String
      let trace: String
      let hardware: String
      let hardwareDigest: String
      let kernels: String
      let geometry: String
      let devices: Int
      let parallelism: String
      let cacheBits: Int?
      let weightBits: Int?
      let contextTokens: Double
      let batch: Double
      let policyNanoseconds: Double
      let denseNanoseconds: Double
      /// Left out where model and caches do not fit the machine.
      let speedUp: Double?
      /// Of all layers, where some see the latest tokens alone; the times above are then of one that sees everything.
      let layers: PricingJob.Windows.JSON?
      let movedBytes: Double
      let stages: [String: Double]
      /// Of times of the policy's kind (`priceKind`), on measurements that no fit saw; left out where none were had.
      let priceKind: String
      let relativeError: ModelError?
      let isExtrapolated: Bool
      let outputError: Double?
      let recall: Double?
      let wholeModelSpeedUp: Double?
      /// Of whole steps on measured ones that no fit saw.
      let wholeModelError: ModelError?
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
      points: points.map { point in
        let stages = Dictionary(
          point.step.policy.parts.map { ($0.term.name, $0.nanoseconds) }, uniquingKeysWith: +)
        return JSON.Point(
          configuration: point.stored.label, trace: point.stored.traceTitle,
          hardware: point.row.machine.machine.name,
          hardwareDigest: point.row.machine.machine.digest, kernels: point.row.machine.kernels.name,
          geometry: job.model?.name ?? "own", devices: job.deployment.devices,
          parallelism: job.deployment.parallelism.rawValue,
          cacheBits: job.deployment.cacheBits, weightBits: job.deployment.weightBits,
          contextTokens: point.step.geometry.context,
          batch: point.step.batch,
          policyNanoseconds: point.step.policy.nanoseconds, denseNanoseconds: point.step.dense.nanoseconds,
          speedUp: point.speedUp, layers: point.windows?.json(fits: point.speedUp != nil),
          movedBytes: point.step.policy.bytes,
          stages: stages,
          priceKind: point.step.kind.rawValue,
          relativeError: point.row.machine.error(of: point.step.kind, at: point.step.geometry),
          isExtrapolated: point.row.isExtrapolated,
          outputError: point.stored.outputError, recall: point.stored.recall,
          wholeModelSpeedUp: point.wholeSpeedUp, wholeModelError: point.whole?.error,
          tokensPerSecond: point.whole?.policy.tokensPerSecond,
          denseTokensPerSecond: point.whole?.dense.tokensPerSecond,
          largestBatch: point.whole?.policy.largestBatch, denseLargestBatch: point.whole?.dense.largestBatch,
          crossoverTokens: crossoverTokens(point))
      })
  }
}
