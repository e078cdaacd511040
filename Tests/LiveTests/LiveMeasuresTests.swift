import Attention
import Foundation
import Policies
import Testing

@testable import Live
@testable import Simulator

/// What a row's results tell of its heads' values, against sums made by hand.
@Suite struct LiveMeasuresTests {
  /// Two heads of layer 0, one of layer 1 that is defined nowhere. Of four steps three are done; what stands at the fourth must
  /// not count.
  private static func heads() -> [HeadResult] {
    func head(_ layer: Int, _ queryHead: Int, errors: [Double], norms: [Double]) -> HeadResult {
      var head = HeadResult(layer: layer, queryHead: queryHead, kvHead: 0, stepCount: 4)
      for (step, error) in errors.enumerated() { head[.outputError, step] = error }
      head.outputNorms = norms
      head.choiceHashes = (0..<4).map { UInt64(100 * layer + 10 * queryHead + $0 + 1) }
      return head
    }
    return [
      head(0, 0, errors: [0.5, .nan, 0.1, 9], norms: [2, 5, 4, 7]),
      head(0, 1, errors: [0.2, 0.4, 0.6, 9], norms: [1, 1, 2, 7]),
      head(1, 0, errors: [.nan, .nan, .nan, 9], norms: [3, 3, 3, 7]),
    ]
  }

  private static func measures() throws -> LiveMeasures {
    let result = ConfigurationResult(
      configuration: try LiveSessionTests.configurations(["h2o"])[0], calibration: nil, heads: heads(),
      traffic: [], digest: "")
    return LiveMeasures(result, steps: 3)
  }

  private static func isNear(_ found: [Double], _ expected: [Double]) -> Bool {
    found.count == expected.count
      && zip(found, expected).allSatisfy { $0.isNaN && $1.isNaN || abs($0 - $1) < 1e-12 }
  }

  /// Of 0.5, 0.1, 0.2, 0.4 and 0.6 in all.
  @Test func meansAreOverWhatIsDefined() throws {
    let measures = try Self.measures()
    #expect(Self.isNear([measures.mean(.outputError)], [0.36]))
    #expect(Self.isNear(measures.byHead(.outputError), [0.3, 0.4]))
    #expect(Self.isNear(measures.byStep(.outputError), [0.35, 0.4, 0.35]))
    #expect(Self.isNear(measures.byLayer(.outputError), [0.36, .nan]))
  }

  @Test func whatIsNowhereDefinedHasNoMean() throws {
    let measures = try Self.measures()
    #expect(measures.mean(.recall).isNaN && measures.byHead(.recall).isEmpty)
    #expect(measures.byStep(.recall).count == 3 && measures.byStep(.recall).allSatisfy(\.isNaN))
    #expect(measures.byLayer(.recall).count == 2 && measures.byLayer(.recall).allSatisfy(\.isNaN))
  }

  /// Σ‖Δ‖ / Σ‖o‖: of head 0 (0.5 · 2 + 0.1 · 4) / 6, of head 1 (0.2 · 1 + 0.4 · 1 + 0.6 · 2) / 4.
  @Test func errorsWeighByTheOutputsNorms() throws {
    let measures = try Self.measures()
    #expect(Self.isNear([measures.weightedOutputError], [0.32]))
    let lastStep = 1.6 / 6
    #expect(Self.isNear(measures.weightedByStep, [0.4, 0.4, lastStep]))
    #expect(Self.isNear(measures.weightedByLayer, [0.32, .nan]))
  }

  @Test func theDigestIsOfTheStepsThatAreDone() throws {
    let hashes: [UInt64] = [1, 2, 3, 11, 12, 13, 101, 102, 103]
    let bytes = hashes.flatMap { hash in (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * $0)) } }
    #expect(try Self.measures().choicesDigest == SHA256Digest.hex(of: Data(bytes)))
  }

  /// In the middle of a run, of what the session's heads tell of the two steps that are done.
  @Test func aRowsMeasuresAreThoseOfItsSteps() throws {
    let session = try LiveSessionTests.session(["dense", "streaming-llm:sinks=2"])
    try LiveSessionTests.givePrompt(session)
    for step in 0..<2 { try LiveSessionTests.step(session, step, inputs: [0, 1]) }
    let results = try session.results()
    let own = results[1].own
    let errors = own.heads.flatMap { head in (0..<2).map { head[.outputError, $0] } }
    #expect(errors.count == 16 && errors.allSatisfy { $0 > 0 })
    let mean = errors.reduce(0, +) / 16
    #expect(Self.isNear([own.mean(.outputError)], [mean]))
    #expect(own.byLayer(.outputError).count == 2 && own.byStep(.outputError).count == 2)
    let ofSteps = own.byStep(.outputError).reduce(0, +) / 2
    #expect(Self.isNear([ofSteps], [mean]))
    // Row 0 is what the others are asked about, so that it is asked about itself.
    #expect(results[0].openLoop?.heads.bits == results[0].own.heads.bits)
    #expect(results[0].own.mean(.recall) == 1 && results[0].own.weightedOutputError == 0)
  }

  @Test func withoutAnOpenLoopThereIsNone() throws {
    let session = try LiveSessionTests.session(["dense", "h2o"], openLoop: false)
    try LiveSessionTests.givePrompt(session)
    try LiveSessionTests.step(session, 0, inputs: [0, 1])
    #expect(try session.results().map { $0.openLoop == nil } == [true, true])
  }
}
