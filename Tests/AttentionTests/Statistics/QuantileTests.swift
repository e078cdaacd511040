import Attention
import Testing

@Suite struct QuantileTests {
  /// Values of NumPy's `quantile` of [1, 2, 4, 8].
  @Test(arguments: [(0.0, 1), (0.05, 1.15), (0.5, 3), (0.9, 6.8), (1, 8)])
  func isNumPysDefault(share: Double, expected: Double) {
    #expect(abs(Quantile.of(share, sorted: [1, 2, 4, 8]) - expected) < 1e-12)
  }

  @Test func theMedianIsTheMiddleOrTheMeanOfTheTwoThere() {
    #expect(Quantile.median(sorted: [1, 5, 9]) == 5)
    #expect(Quantile.median(sorted: [1, 2, 3, 4]) == 2.5)
  }

  @Test func nothingHasNone() {
    #expect(Quantile.of(0.5, sorted: []).isNaN && Quantile.median(sorted: []).isNaN)
  }
}
