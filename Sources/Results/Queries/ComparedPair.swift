import Foundation

/// The two sides of a comparison on one trace: the same layers, query heads and steps.
struct ComparedPair {
  let a: ComparedSide
  let b: ComparedSide

  /// What of each step is stored on both sides.
  var detail: ComparedSide.StepDetail { min(a.detail, b.detail) }
}

extension Collection where Element == Double {
  /// 0 for nothing.
  var mean: Double { reduce(0, +) / Double(Swift.max(count, 1)) }

  /// NaN for nothing. Of logarithms, since the product of many is beyond a double.
  var geometricMean: Double {
    count == 1 ? self[startIndex] : exp(map { log($0) }.reduce(0, +) / Double(count))
  }
}
