import Attention
import Testing

@Suite struct QuantityTests {
  @Test func theMedianOfAnEvenNumberIsTheMeanOfTheMiddle() {
    #expect(Quantity([4, 1, 3, 2]).median == 2.5)
    #expect(Quantity([9, 1, 5]).median == 5)
    #expect(Quantity([7]) == Quantity([7]))
    #expect(Quantity([]).median.isNaN)
  }

  /// Of 100 samples, ranks 40 and 60 (from 0) hold the median with 95 %: the table of Le Boudec, appendix A, has 40 and
  /// 61 counted from 1 at 95.4 %; ours is as wide or wider.
  @Test func theIntervalIsBetweenOrderStatistics() {
    let quantity = Quantity((0..<100).map(Double.init).shuffled())
    #expect(quantity.low == 40 && quantity.high == 60 && quantity.median == 49.5 && quantity.samples == 100)
    // Too few samples for any interval: all of them.
    #expect(Quantity([3, 1, 2]).low == 1 && Quantity([3, 1, 2]).high == 3)
  }

  /// Seeded draws from a skewed distribution: the interval holds the true median about 95 times in 100.
  @Test func theIntervalCovers() {
    var state: UInt64 = 7
    func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(1 << 53)
    }
    let covered = (0..<1000).count { _ in
      let draws = (0..<31).map { _ in uniform() * uniform() * uniform() }
      // The median of a product of three uniform numbers is exp(-2.674).
      let quantity = Quantity(draws)
      return quantity.low <= 0.06897 && 0.06897 <= quantity.high
    }
    #expect((935...1000).contains(covered))
  }

  @Test func aRateTurnsTheIntervalAround() {
    let rate = Quantity([1, 2, 4]).rate(of: 8)
    #expect(rate.median == 4 && rate.low == 2 && rate.high == 8)
    let scaled = Quantity([1, 2, 4]).scaled(10)
    #expect(scaled.median == 20 && scaled.low == 10 && scaled.high == 40 && scaled.samples == 3)
  }
}
