import Kernels
import Policies
import Testing

@testable import Simulator
@testable import Traces

/// Output errors by a policy's own formula, against loops in double precision.
@Suite struct CorrectedOutputTests {
  @Test(arguments: [nil, 3.0] as [Double?]) func offsetsTermsAndMix(softcap: Double?) throws {
    let folder = try TemporaryFolder()
    let hand = HandTrace(
      prompt: 60, decode: 2, window: 0,
      geometry: .init(layers: 1, queryHeads: 1, kvHeads: 1, headDim: 16, valueDim: 5),
      attention: .init(scale: 0.125, logitSoftcap: softcap))
    let trace = try hand.trace(in: folder, element: .f32)
    let groups = TraceGroups(trace)
    let worker = ReplayWorker(kernels: try Kernels())
    let tensors = try trace.layer(0)
    let inputs = GroupInputs(groups: groups, rows: [0, 1], seed: 0, agreement: nil, statistics: nil)
    let replay = inputs.replay(tensors, kvHead: 0, worker: worker)
    let exact = try ExactAttention(replay.block(0..<2), values: replay.values)
    let naive = NaiveReplay(trace: hand)
    let chosen: [Int32] = [0, 7, 33, 58]
    for row in 0..<2 {
      let full = naive.full(layer: 0, head: 0, row: row)
      for kind in 0..<8 {
        var correction = OutputCorrection()
        if kind & 1 != 0 { correction.offsets = [0, 0.5, -1, 2] }
        if kind & 2 != 0 {
          correction.terms = [
            .init(logit: 0.25, count: 3, valueSum: [1, 2, 3, 4, 5]),
            .init(logit: -1, count: 2, valueSum: [0, 1, 0, -1, 2]),
          ]
        }
        if kind & 4 != 0 { (correction.mix, correction.mean) = (0.3, [1, 0, -1, 0.5, 2]) }
        let expected = Self.output(hand, full, row: row, chosen.map(Int.init), correction, softcap: softcap)
        let difference = zip(expected, full.output).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
          .squareRoot()
        let error = difference / full.output.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let found = chosen.withUnsafeBufferPointer { exact.measure(row, $0, correction: correction) }
        #expect(abs(found.outputError - error) < 1e-5 * max(1, error), "\(kind)")
        let plain = chosen.withUnsafeBufferPointer { exact.measure(row, $0) }
        #expect(found.mass == plain.mass)
        if kind == 0 { #expect(abs(found.outputError - plain.outputError) < 1e-6) }
      }
      // Nothing attended to is no output at all, and no division by nothing.
      let none = exact.measure(row, UnsafeBufferPointer(start: nil, count: 0), correction: OutputCorrection())
      #expect(none.mass == 0 && none.outputError == 1)
    }
  }

  private static func output(
    _ hand: HandTrace, _ full: NaiveReplay.Full, row: Int, _ tokens: [Int], _ correction: OutputCorrection,
    softcap: Double?
  ) -> [Double] {
    var (sum, out) = (0.0, Array(repeating: 0.0, count: 5))
    for (index, token) in tokens.enumerated() {
      let score = full.scores[token].value * 0.125
      let logit = softcap.map { $0 * hyperbolicTangent(score / $0) } ?? score
      let weight = exponential(logit + (correction.offsets.isEmpty ? 0 : Double(correction.offsets[index])))
      sum += weight
      for c in 0..<5 { out[c] += weight * Double(hand.values[0][0][token][c]) }
    }
    for term in correction.terms {
      let weight = exponential(Double(term.logit))
      sum += weight * Double(term.count)
      for c in 0..<5 { out[c] += weight * Double(term.valueSum[c]) }
    }
    return (0..<5).map { c in
      correction.mix == 0
        ? out[c] / sum
        : (1 - Double(correction.mix)) * out[c] / sum + Double(correction.mix) * Double(correction.mean[c])
    }
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

private func exponential(_ x: Double) -> Double { exp(x) }
private func hyperbolicTangent(_ x: Double) -> Double { tanh(x) }
