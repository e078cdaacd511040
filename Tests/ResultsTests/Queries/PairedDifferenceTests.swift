import Attention
import Testing

@testable import Results

/// Intervals of differences.
@Suite struct PairedDifferenceTests {
  /// Of a plain mean.
  private func steps(_ a: [Double], _ b: [Double]) -> PairedSteps {
    PairedSteps(a: a, b: b, weights: a.map { _ in 1 })
  }

  @Test func aConstantDifferenceHasNoSpread() throws {
    let a = (0..<40).map { Double($0 % 7) }
    let found = PairedDifference(metric: "recall", series: [steps(a, a.map { $0 + 0.5 })], seed: 1)
    let interval = try #require(found.interval)
    #expect(
      abs(found.difference - 0.5) < 1e-12 && abs(interval.lowerBound - 0.5) < 1e-12
        && abs(interval.upperBound - 0.5) < 1e-12)
    #expect(abs(found.meanB - found.meanA - 0.5) < 1e-12)
  }

  /// Traces weigh alike, however long.
  @Test func tracesWeighAlike() {
    let found = PairedDifference(
      metric: "recall",
      series: [
        steps([0, 0, 0, 0], [1, 1, 1, 1]),
        steps(Array(repeating: 0, count: 40), Array(repeating: 3, count: 40)),
      ], seed: 1)
    #expect(found.difference == 2 && found.meanB == 2 && found.meanA == 0)
  }

  /// Steps of ±1 in runs of 8 that fall together with blocks spread more than single steps would.
  @Test func neighboursAreDrawnTogether() throws {
    let runs = (0..<160).map { $0 / 8 % 2 == 0 ? 1.0 : -1.0 }
    let single = (0..<160).map { $0 % 2 == 0 ? 1.0 : -1.0 }
    let zero = Array(repeating: 0.0, count: 160)
    let wide = PairedDifference(metric: "recall", series: [steps(zero, runs)], seed: 3)
    let narrow = PairedDifference(metric: "recall", series: [steps(zero, single)], seed: 3)
    let (outer, inner) = (try #require(wide.interval), try #require(narrow.interval))
    // Of 20 blocks whose means are about ±1 evenly spread: a standard deviation of 0.13.
    #expect(outer.lowerBound < -0.15 && outer.upperBound > 0.15 && outer.upperBound < 0.5)
    #expect(inner.lowerBound > -0.05 && inner.upperBound < 0.05)
    #expect(PairedDifference(metric: "recall", series: [steps(zero, runs)], seed: 3) == wide)
  }

  /// Independent differences: the interval is near the normal one, ±1.96 standard errors.
  @Test func aKnownSpread() throws {
    var generator = SplitMix64(seed: 9)
    let values = (0..<400).map { _ in Double(generator.next() >> 11) * 0x1p-53 }
    let mean = values.reduce(0, +) / 400
    let found = PairedDifference(
      metric: "mass", series: [steps(Array(repeating: 0, count: 400), values)], seed: 4)
    let error = 1.96 * (1.0 / 12).squareRoot() / 20
    let interval = try #require(found.interval)
    #expect(
      abs(interval.lowerBound - (mean - error)) < 0.012 && abs(interval.upperBound - (mean + error)) < 0.012)
  }

  /// Each end is 1.96 standard errors from the mean, those of the blocks themselves: what a share of 5 % on both sides leaves
  /// out, and not 10 %, of which an end lies at 1.64. Quantiles of 10,000 resamples are off by 0.03 of an error.
  @Test func theIntervalLeavesOutFivePerCent() throws {
    var generator = SplitMix64(seed: 11)
    let values = (0..<400).map { _ in Double(generator.next() >> 11) * 0x1p-53 }
    let blocks = values.indices.map { start in (0..<8).reduce(0) { $0 + values[(start + $1) % 400] } / 8 }
    let mean = blocks.reduce(0, +) / 400
    let variance = blocks.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 400
    let error = (variance / 50).squareRoot()
    let found = PairedDifference(
      metric: "mass", series: [steps(Array(repeating: 0, count: 400), values)], seed: 6)
    let interval = try #require(found.interval)
    #expect(abs((mean - interval.lowerBound) / error - 1.96) < 0.15)
    #expect(abs((interval.upperBound - mean) / error - 1.96) < 0.15)
  }

  /// 12 steps of a block length that covered them all would spread nothing; of single steps they spread as a mean of 12 does.
  @Test(arguments: [8, 12]) func fewStepsSpread(count: Int) throws {
    let values = (0..<count).map { $0 % 2 == 0 ? 1.0 : -1.0 }
    let found = PairedDifference(
      metric: "mass", series: [steps(Array(repeating: 0, count: count), values)], seed: 2)
    let interval = try #require(found.interval)
    #expect(found.p == nil)
    let error = 1.96 / Double(count).squareRoot()
    #expect(abs(interval.upperBound - error) < 0.2 && abs(interval.lowerBound + error) < 0.2)
  }

  @Test func blocksAreAnEighthOfTheStepsAtMost8() {
    #expect([1, 8, 15, 16, 40, 64, 500].map(PairedDifference.blockSteps) == [1, 1, 1, 2, 5, 8, 8])
  }

  @Test func tooFewStepsGiveNoInterval() {
    let short = PairedDifference(
      metric: "mass", series: [steps(Array(repeating: 0, count: 7), Array(repeating: 1, count: 7))], seed: 2)
    #expect(short.interval == nil && short.p == nil && short.difference == 1)
    #expect(PairedDifference.adjusted([short])[0].adjustedP == nil)
  }

  /// Two texts that differ, without spread in either: drawn with replacement they are both first, both second or one of each.
  @Test func textsAreTheUnit() throws {
    let zero = Array(repeating: 0.0, count: 40)
    let found = PairedDifference(
      metric: "mass", series: [steps(zero, zero.map { _ in 1 }), steps(zero, zero.map { _ in 3 })], seed: 5)
    let interval = try #require(found.interval)
    #expect(found.difference == 2 && interval == 1...3 && found.perTrace == [1, 3] && found.p == nil)
  }

  /// Of five texts there is a p: that no resample is at or below zero is twice one of 10,001, and where they differ in sign it
  /// is large.
  @Test func fiveTextsGiveAP() throws {
    let zero = Array(repeating: 0.0, count: 40)
    func p(_ differences: [Double]) -> Double? {
      PairedDifference(
        metric: "mass", series: differences.map { each in steps(zero, zero.map { _ in each }) }, seed: 5
      ).p
    }
    #expect(p([1, 2, 3, 4, 5]) == 2.0 / 10_001)
    #expect(try #require(p([-2, -1, 0.1, 1, 2])) > 0.5)
  }

  /// Sides that never differ lie on both sides of zero in every resample.
  @Test func equalSidesHaveAPOfOne() {
    let zero = Array(repeating: 0.0, count: 8)
    let found = PairedDifference(
      metric: "mass", series: Array(repeating: steps(zero, zero), count: 5), seed: 5)
    #expect(found.interval == 0...0 && found.p == 1)
  }

  /// Of steps that weigh 1 and 3 the second's ratio counts thrice: (1 + 3) / 4 and (2 + 12) / 4; and B is A plus a constant
  /// share of the weights, however they are drawn.
  @Test func sumsAreOverWeights() throws {
    let short = PairedDifference(
      metric: "error", series: [.init(a: [1, 3], b: [2, 12], weights: [1, 3])], seed: 1)
    #expect(short.meanA == 1 && short.meanB == 3.5 && short.difference == 2.5)
    let weights = (0..<32).map { Double(1 + $0 % 5) }
    let a = weights.indices.map { Double($0 % 3) }
    let found = PairedDifference(
      metric: "error", series: [.init(a: a, b: zip(a, weights).map { $0 + $1 / 4 }, weights: weights)],
      seed: 1)
    #expect(found.difference == 0.25 && found.interval == 0.25...0.25)
  }

  /// .01 · 3 = .03; .02 · 2 = .04; .03 · 1 is raised to .04.
  @Test func holmsCorrectionByHand() {
    let found = PairedDifference.holm([0.03, 0.01, 0.02])
    #expect(zip(found, [0.04, 0.03, 0.04]).allSatisfy { abs($0 - $1) < 1e-12 })
    #expect(PairedDifference.holm([0.9, 0.8]) == [1, 1])
  }
}
