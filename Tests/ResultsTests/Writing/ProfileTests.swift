import Policies
import Testing

@testable import Results
@testable import Simulator

/// Calibration profiles, stored and read back.
struct ProfileTests {
  let profile = CalibrationProfile(
    version: 1,
    model: .init(
      name: "Tiny", sha256: Samples.digest("1"), layers: 4, queryHeads: 2, kvHeads: 1, headDim: 6),
    slices: .rope, pairing: .interleaved,
    texts: [
      .init(
        title: "A Text", kind: "prose", sha256: Samples.digest("2"), tokens: 100, queries: 64,
        traceDigest: Samples.digest("3"))
    ],
    layers: [
      .init(layer: 0, window: 256, agreement: [[0.25, 0.5, 1], [0, 0.125, 0.75]]),
      .init(layer: 0, window: 512, agreement: [[0.5, 0.5, 1], [0, 0.25, 0.75]]),
      .init(layer: 3, window: 256, agreement: [[1, 0.5, 1], [0.75, 0.25, 0.75]]),
    ])

  @Test func comesBackAsItWas() throws {
    let store = try ResultsStore.inMemory()
    #expect(try store.store(profile, digest: Samples.digest("9")))
    #expect(try store.contextualAgreement(profileDigest: Samples.digest("9")) == profile.contextualAgreement)
    let rows = try store.profiles()
    #expect(rows.map(\.digest) == [Samples.digest("9")])
    #expect(rows.map(\.pairing) == ["interleaved"])
    #expect(rows.first?.texts.contains("\"trace_sha256\":\"\(Samples.digest("3"))\"") == true)
  }

  @Test func isStoredOnce() throws {
    let store = try ResultsStore.inMemory()
    try store.store(profile, digest: Samples.digest("9"))
    #expect(try !store.store(profile, digest: Samples.digest("9")))
    #expect(try store.profiles().count == 1)
    #expect(try store.contextualAgreement(profileDigest: Samples.digest("8")) == nil)
  }

  @Test func aFailureLeavesNothing() throws {
    let store = try ResultsStore.inMemory()
    var broken = profile
    broken.layers.append(.init(layer: 5, window: 256, agreement: [[2]]))
    #expect(throws: ResultsError.self) { try store.store(broken, digest: Samples.digest("9")) }
    #expect(try store.profiles().isEmpty)
  }
}
