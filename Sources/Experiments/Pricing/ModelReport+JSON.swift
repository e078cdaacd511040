import Pricing
import Simulator

extension ModelReport {
  /// The report as an object.
  public struct JSON: Encodable {
    let database: String?
    let reading: String
    let points: [Point]

    struct Point: Encodable {
      let configuration: String
      let trace: String
      let hardware: String
      let hardwareDigest: String
      let kernels: String
      let geometry: String
      let contextTokens: Double
      let batch: Double
      let policyNanoseconds: Double
      let denseNanoseconds: Double
      let speedUp: Double
      let movedBytes: Double
      let stages: [String: Double]
      /// Of the model, on measurements that it did not see; left out where none were had.
      let relativeError: ModelError?
      let isExtrapolated: Bool
      let outputError: Double?
      let recall: Double?
      let wholeModelSpeedUp: Double?
      let tokensPerSecond: Double?
      let largestBatch: Int?
      let crossoverTokens: Double?
    }
  }

  public var json: JSON {
    JSON(
      database: database, reading: job.reading.rawValue,
      points: points.map { point in
        let stages = Dictionary(
          point.step.policy.parts.map { ($0.term.name, $0.nanoseconds) }, uniquingKeysWith: +)
        return JSON.Point(
          configuration: point.stored.label, trace: point.stored.traceTitle,
          hardware: point.row.machine.machine.name,
          hardwareDigest: point.row.machine.machine.digest, kernels: point.row.machine.kernels.name,
          geometry: job.model?.rawValue ?? "own", contextTokens: point.step.geometry.context,
          batch: point.step.batch,
          policyNanoseconds: point.step.policy.nanoseconds, denseNanoseconds: point.step.dense.nanoseconds,
          speedUp: point.step.speedUp, movedBytes: point.step.policy.bytes, stages: stages,
          relativeError: point.row.machine.error, isExtrapolated: point.row.isExtrapolated,
          outputError: point.stored.outputError, recall: point.stored.recall,
          wholeModelSpeedUp: point.wholeSpeedUp,
          tokensPerSecond: point.tokensPerSecond, largestBatch: point.residency?.largestBatch,
          crossoverTokens: crossoverTokens(point))
      })
  }
}
