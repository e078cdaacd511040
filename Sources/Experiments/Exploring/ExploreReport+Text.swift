import Attention
import Foundation
import Policies
import Pricing
import Results
import Simulator

extension ExploreReport {
  /// Tables and notes as text.
  public var text: String { document.text() }

  /// The same, to be laid out.
  package var document: Document {
    var blocks: [Document.Block] = [.lines(heading), .lines([conclusion])]
    if !cheapestByPolicy.isEmpty {
      blocks += [
        .heading("the \(isBounded ? "best" : "cheapest") found of each policy with \(asked)"),
        .table(table(alternatives, reference: oracle)),
      ]
    }
    blocks.append(
      .heading(
        "the front of \(target.lossName) against \(isTimed ? "modelled time" : "bytes"); * meets the target"))
    blocks.append(
      front.isEmpty
        ? .lines(["nothing tried costs less than dense attention"])
        : .table(table(shownFront, reference: nil)))
    blocks.append(
      .notes(
        notes,
        then: [
          "stored in \(database)"
            + (reused > 0 ? " (\(reused) of \(evaluations) were there already)" : "")
        ]))
    return Document(blocks)
  }

  private var asked: String { target.text(cost: isTimed ? "modelled time" : "bytes") }
  private var isBounded: Bool { target.maxCostShare != nil }
  private var isTimed: Bool { pricing.machine != nil }
  private var windows: PricingJob.Windows? { judged.first?.cost.point?.windows }
  private var evaluations: Int { result.evaluations.reduce(0, +) }

  private var heading: [String] {
    let metadata = trace.metadata
    let judgedOn =
      "\(metadata.model.name), \(metadata.text.title) (\(metadata.text.kind)): \(NumberText.grouped(metadata.tokens.total)) tokens"
    guard let machine = pricing.machine, let step = judged.first?.cost.point?.step else {
      return ["\(judgedOn); cost: share of dense attention's bytes, \(pricing.reading.rawValue) reading"]
    }
    let found = Set(judged.compactMap { $0.cost.point?.step.kind })
    let kinds = PriceKind.allCases.filter { $0 == .dense || found.contains($0) }
    return [
      judgedOn,
      "cost: \(machine.machine.title), kernels \(machine.kernels.name): \(machine.errorText(of: kinds, at: step.geometry)); "
        + "\(pricing.model?.name ?? metadata.model.name), context \(CountText.of(Int(saturating: step.geometry.context.rounded()))), batch \(pricing.batch), \(pricing.reading.rawValue) reading",
    ]
  }

  /// In the median, of the time of a configuration; nil where none was measured.
  private func error(of judged: Judged) -> Double? {
    judged.cost.point.flatMap { $0.row.machine.error(of: $0.step.kind, at: $0.step.geometry)?.median }
  }

  private var conclusion: String {
    switch verdict {
    case .met:
      return cheapest.map {
        isBounded
          ? "least \(target.lossName) with \(asked): \($0.row.label) with \(NumberText.decimal($0.tradeOff.cost)), \(cost($0))"
          : "cheapest with \(asked): \($0.row.label), \(cost($0))"
      } ?? ""
    case .denseIsCheaper:
      return cheapest.map {
        "nothing with \(asked) is cheaper than dense attention: the cheapest is \($0.row.label), \(cost($0))"
      } ?? ""
    case .notMet:
      let near = nearest.map {
        ": nearest is \($0.row.label) with \(target.lossName) \(NumberText.decimal(target.loss($0.row))), \(cost($0))"
      }
      return "none of the configurations tried has \(asked)\(near ?? "")"
    }
  }

  private func cost(_ judged: Judged) -> String {
    guard let point = judged.cost.point else {
      return "\(NumberText.percent(judged.cost.value)) of dense attention's bytes"
    }
    return "\(speedUp(point)) dense attention's speed"
  }

  private func speedUp(_ point: PricingJob.Point) -> String {
    (point.row.isExtrapolated ? "~" : "") + NumberText.times(point.speedUpOfLayers)
  }

  private func table(_ rows: [Judged], reference: Judged?) -> TextTable {
    let lines =
      rows.map { Line(mark: $0.tradeOff.meetsTarget ? "*" : "", judged: $0) }
      + [reference].compactMap(\.self).map { Line(mark: "ref", judged: $0) }
    var columns: [Column<Line>] = [
      .left("") { $0.mark },
      .left("policy") { $0.judged.configuration.policy.label },
      .right("budget") { $0.row.budget ?? "–" },
      .right("output error") { NumberText.decimal($0.row.outputError) },
      .right("weighted", drop: 6) { NumberText.decimal($0.row.weightedOutputError) },
      .right("recall", drop: 4) { NumberText.decimal($0.row.recall) },
      .right("mass", drop: 3) { NumberText.decimal($0.row.mass) },
      .right("tokens", drop: 2) { NumberText.percent($0.row.selectedShare) },
      .right("bytes", drop: isTimed ? 5 : nil) { NumberText.percent(pricing.bytesShare($0.row)) },
    ]
    if isTimed {
      if windows != nil {
        columns += [
          .right("µs full") { NumberText.decimal($0.windows.map { $0.full.policy / 1000 }, places: 1) },
          .right("µs window") { NumberText.decimal($0.windows.map { $0.windowed.policy / 1000 }, places: 1) },
        ]
      }
      columns += [
        .right("µs/layer", drop: 1) {
          ($0.isExtrapolated ? "~" : "") + NumberText.decimal($0.judged.cost.value / 1000, places: 1)
        },
        .right("speed-up") { $0.judged.cost.point.map(speedUp) ?? "–" },
      ]
      if pricing.model != nil {
        columns.append(
          .right("whole model", drop: 7) { NumberText.times($0.judged.cost.point?.wholeSpeedUp) })
      }
    }
    return TextTable(lines, columns)
  }

  /// A line of a table.
  private struct Line {
    let mark: String
    let judged: Judged

    var row: SummaryRow { judged.row }
    var windows: PricingJob.Windows? { judged.cost.point?.windows }
    var isExtrapolated: Bool { judged.cost.point?.row.isExtrapolated == true }
  }

  var notes: [String] {
    var notes: [String] = []
    if let cheapest, pricing.machine != nil, !isBounded {
      let alike = alternatives.dropFirst().filter {
        $0.cost.value <= cheapest.cost.value * (1 + (error(of: cheapest) ?? 0))
          / (1 - min(error(of: $0) ?? 0, 0.9))
      }
      if !alike.isEmpty {
        notes.append(
          "within the median errors of their times and the cheapest's, so that the model does not tell them apart: \(alike.map(\.row.label).joined(separator: "; "))"
        )
      }
    }
    if let windows {
      notes.append(
        "attention of \(windows.text): µs/layer is the mean over all layers, µs full and µs window are of one of each kind; the speed-up is that of all"
      )
    }
    if shown.contains(where: { $0.cost.point?.row.isExtrapolated == true }) {
      notes.append(
        "~ extrapolated: another machine than the kernels were fitted on, another geometry or context than was replayed; the quality is the trace's, at its own context"
      )
    }
    if cheapest?.cost.point?.fits == false {
      notes.append("model and cache of the cheapest do not fit the machine at this batch")
    }
    if shownFront.count < front.count {
      notes.append(
        "the front has \(front.count) configurations, of which \(shownFront.count) are shown; the JSON has all"
      )
    }
    if result.evaluations.count > 1, plannedPolicies > 1 {
      notes.append(
        "policies that others dominate are dropped early: what is not in the tables may meet the target too, though the first rungs had it dearer; explore it alone"
      )
    }
    if oracle != nil, !cheapestByPolicy.isEmpty {
      notes.append(
        "ref: the oracle, which knows the scores, at the coarse budgets: no method; its cost is of reading all keys"
      )
    }
    let metadata = trace.metadata
    if metadata.capturedLayers.count < metadata.geometry.layers {
      notes.append(
        "the trace holds layers \(NumberRanges.text(metadata.capturedLayers)) of \(metadata.geometry.layers): what dense-layers costs in the others is not counted, and it is not searched"
      )
    }
    return notes + [effort] + jobNotes
  }

  private var effort: String {
    let parts = zip(result.evaluations, rungs).map { count, rung in
      "\(count) on \(rung.layers.count) layers × \(rung.steps.count) steps"
    }
    return
      "tried \(NumberText.grouped(result.tried)) configurations of \(plannedPolicies) policies, on the grid of \(ExploreText.count(gridSize)) or between its points: "
      + "\(parts.joined(separator: ", ")); as many as \(NumberText.grouped(Int(saturating: equivalents.rounded()))) on everything, in \(NumberText.decimal(seconds, places: 1)) s"
  }
}

/// Counts that may be astronomic.
enum ExploreText {
  static func count(_ value: Double) -> String {
    value < 1e7 ? NumberText.grouped(Int(value)) : String(format: "%.1e", value)
  }

  static func share(_ value: Double) -> String {
    value >= 0.001 ? NumberText.percent(value) : String(format: "%.0e", value)
  }
}
