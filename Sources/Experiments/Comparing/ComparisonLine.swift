import Results

/// A line of what two configurations differ in, as it is read.
struct ComparisonLine {
  let name: String
  let a: String
  let b: String
  let difference: String
  let interval: String
  let p: String

  /// Metrics, then bytes, then the kernels' times where both sides have some.
  static func lines(_ found: PairedComparison) -> [ComparisonLine] {
    found.differences.map(metric) + found.bytes.map(bytes)
      + [found.kernel.ratio.map { kernel(found.kernel, ratio: $0) }].compactMap(\.self)
  }

  static func metric(_ found: PairedDifference) -> ComparisonLine {
    ComparisonLine(
      name: found.metric, a: NumberText.decimal(found.meanA), b: NumberText.decimal(found.meanB),
      difference: NumberText.decimal(found.difference), interval: interval(found), p: p(found))
  }

  private static func bytes(_ found: ByteDifference) -> ComparisonLine {
    ComparisonLine(
      name: "bytes, \(found.reading)", a: NumberText.percent(found.a), b: NumberText.percent(found.b),
      difference: NumberText.points(found.difference), interval: "exact", p: "–")
  }

  private static func kernel(_ found: KernelDifference, ratio: Double) -> ComparisonLine {
    ComparisonLine(
      name: "kernel", a: NumberText.times(found.a), b: NumberText.times(found.b),
      difference: "ratio \(NumberText.times(ratio))",
      interval: "\(NumberText.times(found.low)) to \(NumberText.times(found.high))", p: "–")
  }

  static func interval(_ line: PairedDifference) -> String {
    line.interval.map { "\(NumberText.decimal($0.lowerBound)) to \(NumberText.decimal($0.upperBound))" }
      ?? "none"
  }

  static func p(_ line: PairedDifference) -> String {
    line.adjustedP.map { $0 < 0.001 ? "< 0.001" : NumberText.decimal($0) } ?? "–"
  }
}
