import Attention
import Policies
import Testing

@testable import Results
@testable import Simulator

/// Everything that decides an exact result changes the identity; nothing else does.
struct ConfigurationIdentityTests {
  private func identity(
    trace: Character = "f", policy: String = "fasa", budget: Budget? = .share(0.19), seed: UInt64 = 0,
    calibration: CalibrationUse? = nil, layers: [Int] = [0, 1], heads: [Int] = [0, 1],
    steps: [Int] = [0, 1, 2], input: String? = nil
  ) throws -> ConfigurationIdentity {
    try ConfigurationIdentity(
      traceDigest: Samples.digest(trace),
      configuration: ReplayConfiguration(policy: try Samples.policy(policy), budget: budget),
      calibration: calibration, input: input, seed: seed, layers: layers, queryHeads: heads, steps: steps)
  }

  @Test func differsByWhatDecides() throws {
    let profile = CalibrationUse(profileDigest: Samples.digest("c"), texts: [])
    let all = try [
      identity(), identity(trace: "0"), identity(policy: "oracle"), identity(policy: "fasa:sinks=4"),
      identity(budget: .tokens(19)), identity(seed: 1), identity(calibration: profile),
      identity(calibration: CalibrationUse(profileDigest: nil, texts: [])), identity(layers: [0]),
      identity(heads: [1]), identity(steps: [0, 1]), identity(steps: [0, 2]),
      identity(input: Samples.digest("d")), identity(input: Samples.digest("e")),
    ]
    #expect(Set(all).count == all.count)
    #expect(all.allSatisfy { $0.digest.count == 64 })
  }

  @Test func ignoresSpellingAndOrder() throws {
    let plain = try identity()
    #expect(try identity(layers: [1, 0], heads: [1, 0, 1]) == plain)
    #expect(try identity(budget: Budget("19%")) == plain)
    #expect(try identity(policy: "fasa:sinks=0") == plain)
    let titles = try ["A", "B"].map { title in
      try identity(calibration: CalibrationUse(profileDigest: Samples.digest("c"), texts: [title]))
    }
    #expect(titles[0] == titles[1])
  }

  /// Kept in databases: a change of the text that is hashed makes every stored result a stranger, as the second one did, since
  /// steps were counted otherwise before.
  @Test func staysTheSameAcrossVersions() throws {
    let identity = try identity(policy: "random", budget: .tokens(4), seed: 7)
    #expect(identity.digest == "42a547faac460a9797a66957ff655fdd5b992620e20e8aaeaddcc3fd8c18df2e")
  }

  @Test func parametersAreCanonical() throws {
    let text = try CanonicalText.parameters(try Samples.policy("random:sinks=4"))
    #expect(text == "{\"dense-layers\":0,\"recent\":0,\"sinks\":4}")
    let fasa = try CanonicalText.parameters(try Samples.policy("fasa:chunks=8"))
    #expect(fasa.contains("\"chunks\":\"8\""))
    #expect(fasa.contains("\"pairing\":\"rope\""))
  }
}
