import Attention
import Testing

@testable import Results

@Suite struct BootstrapTests {
  private func normals(_ count: Int, seed: UInt64) -> [Double] {
    var generator = SplitMix64(seed: seed)
    // A sum of twelve uniform numbers less its mean: variance 1, near enough normal.
    return (0..<count).map { _ in
      (0..<12).reduce(-6.0) { sum, _ in sum + Double(generator.next() >> 11) / 0x1p53 }
    }
  }

  /// Independent steps of variance 1: the interval is as wide as the normal one, 2 · 1.96 / √n.
  @Test func theMeansIntervalIsAsWideAsItMustBe() throws {
    let steps = normals(400, seed: 3)
    let interval = try #require(Bootstrap.meanInterval(steps.map { .init(sum: $0 * 5, weight: 5) }))
    let mean = steps.reduce(0, +) / 400
    #expect(interval.contains(mean))
    let width = interval.upperBound - interval.lowerBound
    #expect(abs(width / (2 * 1.96 / 20) - 1) < 0.15, "\(width)")
  }

  /// Each end is 1.96 standard errors from the mean, those of the blocks themselves; were 10 % left out, 1.64. Quantiles of
  /// 2,000 resamples are off by 0.06 of an error.
  @Test func theIntervalLeavesOutFivePerCent() throws {
    let values = normals(400, seed: 11)
    let blocks = values.indices.map { start in (0..<8).reduce(0) { $0 + values[(start + $1) % 400] } / 8 }
    let mean = blocks.reduce(0, +) / 400
    let error = (blocks.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 400 / 50).squareRoot()
    let interval = try #require(Bootstrap.meanInterval(values.map { .init(sum: $0, weight: 1) }))
    #expect(abs((mean - interval.lowerBound) / error - 1.96) < 0.18)
    #expect(abs((interval.upperBound - mean) / error - 1.96) < 0.18)
  }

  @Test func stepsWeighByWhereTheyAreDefined() throws {
    let steps: [Bootstrap.Step] = [
      .init(sum: 6, weight: 2), .init(sum: 0, weight: 0), .init(sum: 3, weight: 1),
    ]
    #expect(Bootstrap.meanInterval(steps) == 3...3)
    #expect(Bootstrap.meanInterval([.init(sum: 0, weight: 0)]) == nil)
    #expect(Bootstrap.meanInterval([]) == nil)
  }

  /// Sums over weights, drawn together: a ratio that every step has is the ratio of all.
  @Test func aRatioOfSumsHasNoSpreadWhereStepsAgree() {
    let steps = (1...40).map { Bootstrap.Step(sum: Double($0) / 4, weight: Double($0)) }
    #expect(Bootstrap.meanInterval(steps) == 0.25...0.25)
  }

  /// Neighbours that are alike say less than their number: blocks widen the interval.
  @Test func alikeNeighboursWidenTheInterval() throws {
    let values = normals(50, seed: 5)
    let alike = values.flatMap { Array(repeating: Bootstrap.Step(sum: $0, weight: 1), count: 8) }
    let shuffled = (0..<8).flatMap { _ in values.map { Bootstrap.Step(sum: $0, weight: 1) } }
    func width(_ steps: [Bootstrap.Step]) throws -> Double {
      let interval = try #require(Bootstrap.meanInterval(steps))
      return interval.upperBound - interval.lowerBound
    }
    #expect(try width(alike) > 1.8 * width(shuffled))
  }

  @Test func theRatioOfMediansHasAnInterval() throws {
    #expect(Bootstrap.medianRatioInterval([[(2, 1), (4, 2), (6, 3)].map { ($0.0 * 2, $0.0) }]) == 2...2)
    #expect(Bootstrap.medianRatioInterval([[(2, 1)]]) == nil)
    // Groups that are alike within themselves: the ratio of their sums.
    #expect(Bootstrap.medianRatioInterval([[(8, 1), (8, 1)], [(4, 2)]]) == 4...4)
    let noise = normals(301, seed: 7)
    let interval = try #require(Bootstrap.medianRatioInterval([noise.map { (30 + $0, 10) }]))
    let median = (30 + noise.sorted()[150]) / 10
    #expect(interval.contains(median))
    // The standard error of a normal sample's median is 1.2533 σ / √n.
    let width = (interval.upperBound - interval.lowerBound) / (2 * 1.96 * 1.2533 / 301.squareRoot() / 10)
    #expect(abs(width - 1) < 0.4, "\(width)")
  }

  @Test func theSameNumbersGiveTheSameInterval() {
    let steps = normals(64, seed: 1).map { Bootstrap.Step(sum: $0, weight: 1) }
    #expect(Bootstrap.meanInterval(steps) == Bootstrap.meanInterval(steps))
  }

  @Test(arguments: [
    (0.123_456_789, 0.123457), (1_234_567.8, 1_234_570), (-0.000_012_345_678, -0.000_012_345_7), (0, 0),
    (1, 1),
  ])
  func sixDigitsAreShown(value: Double, shown: Double) {
    #expect(value.shown == shown)
    #expect(Double.nan.shown == nil && Double.infinity.shown == nil)
  }
}
