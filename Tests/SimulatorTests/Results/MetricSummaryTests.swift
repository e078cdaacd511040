import Testing

@testable import Simulator

@Suite struct MetricSummaryTests {
  /// 0, 10 … 100: rank r of 11 values is at share r / 10, so that 0.05 lies half-way to the second.
  @Test func percentilesLieBetweenRanks() {
    let summary = MetricSummary((0...10).reversed().map { Double(10 * $0) })
    #expect(summary.count == 11)
    #expect(summary.mean == 50)
    #expect(summary.p5 == 5)
    #expect(summary.p50 == 50)
    #expect(summary.p95 == 95)
  }

  @Test func anEvenCountHasItsMedianBetweenTwo() {
    let summary = MetricSummary([1, 4, 2, 3])
    #expect(summary.mean == 2.5)
    #expect(summary.p50 == 2.5)
    #expect(abs(summary.p5 - 1.15) < 1e-12)
    #expect(abs(summary.p95 - 3.85) < 1e-12)
  }

  @Test func oneValueIsEveryPercentile() {
    let summary = MetricSummary([0.25])
    #expect(summary == MetricSummary([.nan, 0.25, .nan]))
    #expect([summary.mean, summary.p5, summary.p50, summary.p95] == [0.25, 0.25, 0.25, 0.25])
    #expect(summary.count == 1)
  }

  @Test func undefinedValuesDoNotCount() {
    let none = MetricSummary([Double.nan, .nan])
    #expect(none.count == 0)
    #expect([none.mean, none.p5, none.p50, none.p95].allSatisfy { $0.isNaN })
  }

  @Test func theOrderOfTheStepsDoesNotMatter() {
    var random = SeededRandom(4)
    let values = (0..<200).map { _ in Double(random.below(1 << 30)) * 1e-7 }
    #expect(MetricSummary(values) == MetricSummary(values.shuffled(using: &random)))
  }
}
