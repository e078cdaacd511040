import Attention
import Simulator
import Testing

@testable import Results

/// The interval of a weighted error, drawn by hand from the errors and norms that were stored.
@Suite struct WeightedDifferenceTests {
  private static let steps = 24
  /// Of two heads: errors of A and B, and norms, by head and step. Sixteenths, whose sums are exact.
  private static let a = values(3, of: 7)
  private static let b = values(5, of: 11)
  private static let norms = values(7, of: 13).map { $0.map { $0 + 1 } }

  private static func values(_ factor: Int, of modulus: Int) -> [[Double]] {
    (0..<2).map { head in (0..<steps).map { Double((factor * ($0 + 5 * head)) % modulus) / 16 } }
  }

  private static func heads(_ errors: [[Double]]) -> [HeadResult] {
    errors.indices.map { head in
      Samples.head(queryHead: head, steps: steps, norm: { norms[head][$0] }) { metric, step in
        metric == .outputError ? errors[head][step] : 0.5
      }
    }
  }

  /// Σ over both heads at a step.
  private static func sum(_ step: Int, _ value: (_ head: Int) -> Double) -> Double { value(0) + value(1) }

  private func store(traces: [Character]) throws -> ResultsStore {
    let store = try ResultsStore.inMemory()
    for trace in traces {
      let result = Samples.result(
        trace: trace, steps: Self.steps,
        [
          try Samples.configuration("fasa", heads: Self.heads(Self.a)),
          try Samples.configuration("oracle", heads: Self.heads(Self.b)),
        ])
      try store.store(result, run: try store.beginRun(Samples.run), detail: .step)
    }
    return store
  }

  /// Blocks of 3 steps, an eighth of 24, drawn 10,000 times; every resample is a ratio of sums over what was drawn.
  @Test(arguments: [1, 2]) func theIntervalIsOfRatiosOfSums(traces: Int) throws {
    let names: [Character] = Array("f0".prefix(traces))
    let found = try #require(try store(traces: names).pairedDifferences("fasa", "oracle").differences.last)
    let steps = Array(0..<Self.steps)
    let sumsOfA = steps.map { step in Self.sum(step) { Self.a[$0][step] * Self.norms[$0][step] } }
    let sumsOfB = steps.map { step in Self.sum(step) { Self.b[$0][step] * Self.norms[$0][step] } }
    var seed: UInt64 = 1
    for number in names.flatMap({ _ in sumsOfA + sumsOfB }) {
      seed = (seed ^ number.bitPattern) &* 0x0000_0100_0000_01b3
    }
    var generator = SplitMix64(seed: seed)
    var ratios: [Double] = []
    for _ in 0..<10_000 {
      var ofTraces: [Double] = []
      for _ in names {
        // Which trace is drawn decides nothing here, since they are alike.
        if traces > 1 { _ = generator.next() }
        var drawn: [Int] = []
        while drawn.count < Self.steps {
          let start = Int(generator.next() % UInt64(Self.steps))
          drawn += (0..<3).map { (start + $0) % Self.steps }
        }
        var (over, under) = (0.0, 0.0)
        for step in drawn {
          for head in 0..<2 {
            over += (Self.b[head][step] - Self.a[head][step]) * Self.norms[head][step]
            under += Self.norms[head][step]
          }
        }
        ofTraces.append(over / under)
      }
      ratios.append(ofTraces.reduce(0, +) / Double(traces))
    }
    ratios.sort()
    #expect(found.metric == "weighted_output_error")
    #expect(found.interval == ratios[249]...ratios[9750])
    let norm = steps.reduce(0.0) { sum, step in sum + Self.sum(step) { Self.norms[$0][step] } }
    #expect(found.meanA == sumsOfA.reduce(0, +) / norm && found.meanB == sumsOfB.reduce(0, +) / norm)
  }

  /// Steps whose outputs are all zero weigh nothing, and a resample cannot divide by them.
  @Test func stepsWithoutOutputAreLeftOut() throws {
    let store = try store(traces: ["f"])
    try store.write { db in
      try db.execute(sql: "UPDATE steps SET output_norm = 0, output_error = 0 WHERE step >= 12")
      try db.execute(
        sql: "UPDATE step_sums SET output_norm_sum = 0, output_difference_sum = 0 WHERE step >= 12")
    }
    let found = try #require(try store.pairedDifferences("fasa", "oracle").differences.last)
    #expect(found.metric == "weighted_output_error" && found.interval != nil)
    try store.write { db in
      try db.execute(sql: "UPDATE steps SET output_norm = 0, output_error = 0")
      try db.execute(sql: "UPDATE step_sums SET output_norm_sum = 0, output_difference_sum = 0")
    }
    let rest = try store.pairedDifferences("fasa", "oracle").differences.map(\.metric)
    #expect(rest == ["recall", "mass", "output_error"])
  }
}
