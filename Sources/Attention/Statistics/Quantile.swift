/// Order statistics of ascending values.
public enum Quantile {
  /// Linear between the two nearest ranks, as NumPy's default; NaN of no values.
  ///
  /// - Parameter sorted: ascending.
  public static func of(_ share: Double, sorted: [Double]) -> Double {
    guard let last = sorted.indices.last else { return .nan }
    let place = share * Double(last)
    let below = Int(place)
    let above = min(below + 1, last)
    return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
  }

  /// The middle value, or the mean of the two in the middle; NaN of no values.
  public static func median(sorted: [Double]) -> Double {
    guard !sorted.isEmpty else { return .nan }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}
