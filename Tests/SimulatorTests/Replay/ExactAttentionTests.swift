import Foundation
import Kernels
import Policies
import Testing
import Traces

@testable import Simulator

@Suite struct ExactAttentionTests {
  /// One query of one head whose scores are `scores`, by one-channel keys.
  ///
  /// - Parameter values: of the tokens, in every channel; the trace's own where there are none.
  static func error(
    scores: [Float], softcap: Double? = nil, values: [Float]? = nil, chosen: [Int32],
    correction: OutputCorrection? = nil
  ) throws -> (mass: Double, error: Double) {
    let folder = try TemporaryFolder()
    var hand = HandTrace(
      prompt: scores.count - 1, decode: 1, window: 0,
      geometry: .init(layers: 1, queryHeads: 1, kvHeads: 1, headDim: 2, valueDim: 4),
      rope: .init(pairing: .half, base: 10_000, rotaryDim: 2),
      attention: .init(scale: 1, logitSoftcap: softcap))
    hand.keys[0][0] = scores.map { [$0, 0] }
    hand.queries[0] = [[[1, 0]]]
    if let values { hand.values[0][0] = values.map { Array(repeating: $0, count: 4) } }
    let trace = try hand.trace(in: folder, element: .f32)
    let groups = TraceGroups(trace)
    let kernels = try Kernels()
    let tensors = try trace.layer(0)
    let block = ScoredBlock(
      group: groups.context(layer: 0, kvHead: 0, element: .f32, seed: 0, agreement: nil),
      steps: groups.steps(rows: [0], layer: 0), kernels: kernels,
      keys: groups.keys(tensors, kvHead: 0, worker: ReplayWorker(kernels: kernels)),
      queries: groups.queries(tensors, kvHead: 0, rows: [0], kernels: kernels))
    let exact = try ExactAttention(
      block,
      values: groups.values(
        tensors, kvHead: 0, worker: ReplayWorker(kernels: kernels)))
    let found = chosen.withUnsafeBufferPointer { exact.measure(0, $0, correction: correction) }
    if values != nil || correction != nil { return (found.mass, found.outputError) }

    let naive = NaiveReplay(trace: hand)
    let full = naive.full(layer: 0, head: 0, row: 0)
    let tokens = Set(chosen.map(Int.init))
    let mass = NaiveReplay.mass(full.weights, of: tokens)
    let outputError = naive.outputError(full, tokens, layer: 0, head: 0)
    #expect(abs(found.outputError - outputError) <= ReplayTests.outputErrorTolerance * max(1, outputError))
    #expect(abs(found.mass - mass) <= ReplayTests.massTolerance)
    return (found.mass, found.outputError)
  }

  /// The last token's score is the highest by `lead`, and the policy misses it: relative to it the others'
  /// weights lose digits from e^-87 on, and vanish from e^-104 on.
  @Test(arguments: [0, 20, 54, 56, 80, 87, 95, 103, 104, 500, 30_000])
  func weightsThatUnderflowAreTakenAnew(lead: Float) throws {
    let scores: [Float] = [1, 0.5, -2, 0, 1.25, 1 + lead]
    let (mass, error) = try Self.error(scores: scores, chosen: [0, 1, 3, 4])
    #expect(error > 0.01)
    #expect(lead < 104 || mass == 0)
  }

  @Test func softcappedLogitsAreTakenAnewToo() throws {
    let (mass, error) = try Self.error(
      scores: [1, 0.5, -2, 0, 1.25, 900], softcap: 400, chosen: [0, 1, 3, 4])
    #expect(mass == 0)
    #expect(error > 0.01)
  }

  /// One token of value 1 gets all attention; the others' weighted sums are beyond 32-bit floats, their average is not.
  @Test func anAverageThatOverflowsOnItsWayIsTakenIn64Bits() throws {
    let values: [Float] = [3.2e38, 3.2e38, -3.2e38, 3.2e38, 1]
    let scores: [Float] = [0, 0, 0, 0, 200]
    let large = Double(Float(3.2e38))
    #expect(try Self.error(scores: scores, values: values, chosen: [0, 1]).error == large)
    let three = try Self.error(scores: scores, values: values, chosen: [0, 1, 3]).error
    #expect(abs(three / large - 1) < 1e-6)
    // Infinity less infinity is no number; the average is a third of the value.
    let mixed = try Self.error(scores: scores, values: values, chosen: [0, 1, 2]).error
    #expect(abs(mixed / (large / 3) - 1) < 1e-6)
    var correction = OutputCorrection()
    correction.terms = [.init(logit: 0, count: 1, valueSum: Array(repeating: 3.2e38, count: 4))]
    let corrected = try Self.error(scores: scores, values: values, chosen: [0, 1], correction: correction)
      .error
    #expect(abs(corrected / large - 1) < 1e-6)
    // A policy's own sum that overflowed cannot be taken back.
    correction.terms[0].valueSum = Array(repeating: .infinity, count: 4)
    #expect(
      try Self.error(scores: scores, values: values, chosen: [0, 1], correction: correction).error.isNaN)
  }

  /// Nothing can be said relative to an output that is zero, unless the policy's is zero too.
  @Test func anErrorRelativeToZeroIsUndefined() throws {
    let (scores, values): ([Float], [Float]) = ([0, 0, 0, 0], [1, -1, 0, 0])
    #expect(try Self.error(scores: scores, values: values, chosen: [0]).error.isNaN)
    #expect(try Self.error(scores: scores, values: values, chosen: [2, 3]).error == 0)
    #expect(try Self.error(scores: scores, values: values, chosen: [0, 1, 2, 3]).error == 0)
    #expect(try Self.error(scores: scores, values: values, chosen: []).error == 0)
  }

  @Test func everythingIsNoErrorAndNothingIsAll() throws {
    let (mass, error) = try Self.error(scores: [1, 0.5, -2, 0], chosen: [0, 1, 2, 3])
    #expect(mass == 1)
    #expect(error == 0)
  }

  /// Values that no run has, in a trace that is sound otherwise.
  @Test(arguments: [("score", 0), ("output", 1)]) func whatOverflowsIsAnErrorThatNamesThePlace(
    what: String, part: Int
  )
    throws
  {
    let folder = try TemporaryFolder()
    var hand = HandTrace(prompt: 20, decode: 3, window: 0)
    if part == 0 {
      hand.keys[1][1][7] = Array(repeating: 1e20, count: 16)
      hand.queries[1][4][2] = Array(repeating: 1e20, count: 16)
    } else {
      hand.values[1][1] = Array(repeating: Array(repeating: 3e38, count: 16), count: 23)
    }
    let trace = try hand.trace(in: folder, element: .f32)
    let configurations = try ReplayConfiguration.grid(PolicyGrammar.parse(["oracle"]), budgets: [.tokens(4)])
    let error = try #require(throws: ReplayError.self) {
      try Replay(trace).run(configurations, options: ReplayOptions(threads: 2))
    }
    #expect(
      error.description.hasPrefix("layer 1, query head ")
        && error.description.contains("overflows 32-bit floats"))
    #expect(part == 1 || error.description.hasPrefix("layer 1, query head 4, position 22: "))
    // The other layer is sound.
    let rest = try Replay(trace).run(configurations, options: ReplayOptions(layers: [0]))
    #expect(rest.configurations.count == 1)
  }
}
