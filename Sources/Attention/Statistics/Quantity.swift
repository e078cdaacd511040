import Foundation

/// Repeated measurements of one quantity: their median and a 95 % interval of it.
///
/// The interval is between order statistics, by the binomial distribution of how many samples lie below the
/// median (Le Boudec, Performance Evaluation of Computer and Communication Systems, theorem 2.1): it assumes
/// independent samples and no distribution.
public struct Quantity: Sendable, Codable, Equatable {
  public let median: Double
  public let low: Double
  public let high: Double
  public let samples: Int

  /// - Parameter samples: at least one.
  public init(_ samples: [Double]) {
    let sorted = samples.sorted()
    let count = sorted.count
    self.samples = count
    guard count > 0 else {
      (median, low, high) = (.nan, .nan, .nan)
      return
    }
    median = Quantile.median(sorted: sorted)
    // Ranks n/2 ± 1.96 √n/2; with fewer than six samples no two ranks hold the median with 95 %.
    let half = 0.98 * Double(count).squareRoot()
    let first = Int((Double(count) / 2 - half).rounded(.down))
    let last = Int((Double(count) / 2 + half).rounded(.up))
    low = sorted[max(0, first)]
    high = sorted[min(count - 1, last)]
  }

  /// The same quantity in another unit.
  public func scaled(_ factor: Double) -> Quantity {
    Quantity(median * factor, low * factor, high * factor, samples)
  }

  /// `amount` over the quantity: a rate from times. Low and high change places.
  public func rate(of amount: Double) -> Quantity {
    Quantity(amount / median, amount / high, amount / low, samples)
  }

  private init(_ median: Double, _ low: Double, _ high: Double, _ samples: Int) {
    (self.median, self.low, self.high, self.samples) = (median, low, high, samples)
  }
}
