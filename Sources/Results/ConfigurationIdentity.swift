import Attention
import Foundation
import Policies
import Simulator

/// What tells one configuration from another: the key by which a repeated command finds what it has done.
///
/// SHA-256 over everything that is asked for and decides the exact result, and over nothing that does not: neither
/// threads nor instruction set are in it, since the digest does not depend on them. The code is not in it either, so that
/// results of two builds are known as answers to one question: the build stands beside it (``SourceBuild``).
public struct ConfigurationIdentity: Hashable, Sendable {
  /// Lower-case hexadecimal.
  public let digest: String

  /// - Parameters:
  ///   - traceDigest: SHA-256 of the trace's file.
  ///   - input: SHA-256 of a file that the policy reads beside trace and profile.
  ///   - steps: The scored decode steps, counted from 0.
  public init(
    traceDigest: String, configuration: ReplayConfiguration, calibration: CalibrationUse?,
    input: String? = nil,
    seed: UInt64, layers: [Int], queryHeads: [Int], steps: [Int]
  ) throws {
    let text = """
      fasa-sim exact results 2
      trace \(traceDigest)
      policy \(configuration.policy.descriptor.name)
      parameters \(try CanonicalText.parameters(configuration.policy))
      budget \(configuration.budget?.description ?? "none")
      calibration \(calibration.map { $0.profileDigest ?? "own queries" } ?? "none")\(input.map { "\ninput \($0)" } ?? "")
      seed \(seed)
      layers \(CanonicalText.ranges(layers))
      query heads \(CanonicalText.ranges(queryHeads))
      steps \(CanonicalText.ranges(steps))

      """
    digest = SHA256Digest.hex(of: text.utf8)
  }

  /// The identity of one of a result's configurations.
  public init(of configuration: ConfigurationResult, in result: ReplayResult) throws {
    try self.init(
      traceDigest: result.trace.digest, configuration: configuration.configuration,
      calibration: configuration.calibration, input: configuration.inputDigest, seed: result.seed,
      layers: result.layers,
      queryHeads: configuration.heads.map(\.queryHead), steps: result.steps.map(\.index))
  }
}
