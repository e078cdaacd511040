/// Sizes of grids that nobody has laid out yet.
public enum GridSize {
  /// The product of counts; nil where no `Int` holds it.
  public static func product(_ counts: [Int]) -> Int? {
    // Nothing is left of a grid in which one side is empty, however large the others are.
    guard !counts.contains(0) else { return 0 }
    var size = 1
    for count in counts {
      let (product, overflows) = size.multipliedReportingOverflow(by: count)
      if overflows { return nil }
      size = product
    }
    return size
  }
}
