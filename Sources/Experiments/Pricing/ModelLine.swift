import Pricing
import Results

/// A row of the table of modelled times: a configuration's points by ascending context, or dense attention's.
struct ModelLine {
  let points: [PricingJob.Point]
  let last: PricingJob.Point
  let label: String
  /// Beside another line, whose kernels say otherwise.
  let isBeside: Bool
  let isDense: Bool

  /// Dense attention where a whole model is priced, then each configuration, and under it what other kernels say where
  /// they disagree.
  static func lines(_ points: [PricingJob.Point]) -> [ModelLine] {
    let byConfiguration = Dictionary(grouping: points, by: \.stored.configuration)
    var lines = points.map(\.stored.configuration).unique.flatMap { id -> [ModelLine] in
      let own = byConfiguration[id] ?? []
      let asked = ModelLine(own.filter { !$0.row.machine.isEarlier })
      let earlier = ModelLine(own.filter(\.row.machine.isEarlier), isBeside: true)
      return [asked, earlier.flatMap { asked?.disagrees(with: $0) == true ? $0 : nil }].compactMap(\.self)
    }
    if let first = lines.first, first.last.whole != nil {
      lines.insert(ModelLine(dense: first), at: 0)
    }
    return lines
  }

  /// Nil of no points.
  private init?(_ points: [PricingJob.Point], isBeside: Bool = false) {
    guard let last = points.last else { return nil }
    self.points = points
    self.last = last
    self.isBeside = isBeside
    label = isBeside ? "  with \(last.row.machine.kernels.name) kernels" : last.stored.name
    isDense = false
  }

  /// Of dense attention, beside which another line's times stand.
  private init(dense line: ModelLine) {
    (points, last, label, isBeside, isDense) = (line.points, line.last, "dense attention", false, true)
  }

  /// Whether one is faster than dense attention and the other slower, at some context.
  private func disagrees(with other: ModelLine) -> Bool {
    points.contains { own in
      other.points.contains {
        $0.step.geometry.context == own.step.geometry.context
          && ($0.step.speedUp > 1) != (own.step.speedUp > 1)
      }
    }
  }

  var outputError: Double? { isBeside || isDense ? nil : last.stored.outputError }
  var wholeSpeedUp: Double? { isDense ? nil : last.wholeSpeedUp }
  var side: PricingJob.Side? { isDense ? last.whole?.dense : last.whole?.policy }

  func speedUp(at context: Int) -> String {
    let point = points.first { Int(saturating: $0.step.geometry.context.rounded()) == context }
    guard !isDense, let point, let speedUp = point.speedUp else { return "–" }
    return (point.row.isExtrapolated ? "~" : "") + NumberText.times(speedUp)
  }
}
