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
  static func lines(_ points: [PricingJob.Point], isBeside: (PricingJob.Point) -> Bool) -> [ModelLine] {
    var order: [ConfigurationID] = []
    let byConfiguration = Dictionary(grouping: points, by: \.stored.configuration)
    for point in points where !order.contains(point.stored.configuration) {
      order.append(point.stored.configuration)
    }
    var lines = order.flatMap { id -> [ModelLine] in
      let own = byConfiguration[id] ?? []
      let asked = byMachine(own.filter { !isBeside($0) })
      let others = byMachine(own.filter(isBeside), isBeside: true)
      return asked + others.filter { other in asked.contains { $0.disagrees(with: other) } }
    }
    if let first = lines.first, first.last.whole != nil {
      lines.insert(
        ModelLine(
          points: first.points, last: first.last, label: "dense attention", isBeside: false, isDense: true),
        at: 0)
    }
    return lines
  }

  private static func byMachine(_ points: [PricingJob.Point], isBeside: Bool = false) -> [ModelLine] {
    let names = Set(points.map(\.row.machine.name))
    return names.sorted().compactMap { name in
      let own = points.filter { $0.row.machine.name == name }
      return own.last.map { last in
        let kernels = last.row.machine.kernels.name
        let label =
          isBeside
          ? "  with \(kernels) kernels" : last.stored.label + (names.count > 1 ? ", \(kernels) kernels" : "")
        return ModelLine(points: own, last: last, label: label, isBeside: isBeside, isDense: false)
      }
    }
  }

  /// Whether one is faster than dense attention and the other slower, at some context.
  private func disagrees(with other: ModelLine) -> Bool {
    zip(points, other.points).contains { ($0.step.speedUp > 1) != ($1.step.speedUp > 1) }
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
