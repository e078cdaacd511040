import Testing

@testable import Results

/// Intervals of differences.
@Suite struct PairedDifferenceTests {
  @Test func aConstantDifferenceHasNoSpread() {
    let a = (0..<40).map { Double($0 % 7) }
    let found = PairedDifference(metric: "recall", series: [(a, a.map { $0 + 0.5 })], seed: 1)
    #expect(
      abs(found.difference - 0.5) < 1e-12 && abs(found.low - 0.5) < 1e-12 && abs(found.high - 0.5) < 1e-12)
    #expect(abs(found.meanB - found.meanA - 0.5) < 1e-12)
  }

  /// Traces weigh alike, however long.
  @Test func tracesWeighAlike() {
    let found = PairedDifference(
      metric: "recall",
      series: [
        ([0, 0, 0, 0], [1, 1, 1, 1]), (Array(repeating: 0, count: 40), Array(repeating: 3, count: 40)),
      ], seed: 1)
    #expect(found.difference == 2 && found.meanB == 2 && found.meanA == 0)
  }

  /// Steps of ±1 in runs of 8 that fall together with blocks spread more than single steps would.
  @Test func neighboursAreDrawnTogether() {
    let runs = (0..<160).map { $0 / 8 % 2 == 0 ? 1.0 : -1.0 }
    let single = (0..<160).map { $0 % 2 == 0 ? 1.0 : -1.0 }
    let zero = Array(repeating: 0.0, count: 160)
    let wide = PairedDifference(metric: "recall", series: [(zero, runs)], seed: 3)
    let narrow = PairedDifference(metric: "recall", series: [(zero, single)], seed: 3)
    // Of 20 blocks whose means are about ±1 evenly spread: a standard deviation of 0.13.
    #expect(wide.low < -0.15 && wide.high > 0.15 && wide.high < 0.5)
    #expect(narrow.low > -0.05 && narrow.high < 0.05)
    #expect(PairedDifference(metric: "recall", series: [(zero, runs)], seed: 3) == wide)
  }

  /// Independent differences: the interval is near the normal one, ±1.96 standard errors.
  @Test func aKnownSpread() {
    var generator = SeededGenerator(seed: 9)
    let values = (0..<400).map { _ in Double(generator.next() >> 11) * 0x1p-53 }
    let mean = values.reduce(0, +) / 400
    let found = PairedDifference(metric: "mass", series: [(Array(repeating: 0, count: 400), values)], seed: 4)
    let error = 1.96 * (1.0 / 12).squareRoot() / 20
    #expect(abs(found.low - (mean - error)) < 0.012 && abs(found.high - (mean + error)) < 0.012)
  }
}
