import Foundation
import Policies
import Results
import Simulator

/// What `model` tells: a table for each machine and batch size, contexts side by side.
public struct ModelReport {
  let job: PricingJob
  let points: [PricingJob.Point]
  let showsSensitivity: Bool
  let database: String?

  /// - Parameters:
  ///   - points: what the job computed.
  ///   - showsSensitivity: whether the text says which parameter of a machine moves a speed-up most.
  ///   - database: where the times are kept, as it is to be named; nil where they are not.
  public init(
    job: PricingJob, points: [PricingJob.Point], showsSensitivity: Bool = false, database: String? = nil
  ) {
    self.job = job
    self.points = points
    self.showsSensitivity = showsSensitivity
    self.database = database
  }

  private struct Table: Hashable {
    let trace: String
    let machine: String
    let batch: Double
  }

  /// Tables and notes, as a terminal shows them.
  public var text: String {
    var lines: [String] = []
    let tables = Dictionary(grouping: points, by: key)
    for key in unique(points.map(key)) {
      guard let own = tables[key], let first = own.first else { continue }
      lines += ["\(heading(first).onOneLine), batch \(Int(saturating: key.batch))", "", table(own), ""]
    }
    lines += notes.map { "note: \($0.onOneLine)" }
    if let database { lines.append("stored in \(database) (modelled, modelled_speedups)") }
    return lines.joined(separator: "\n")
  }

  private func key(_ point: PricingJob.Point) -> Table {
    Table(trace: point.stored.traceTitle, machine: point.row.machine.name, batch: point.step.batch)
  }

  private func heading(_ point: PricingJob.Point) -> String {
    let machine = point.row.machine
    return "\(machine.machine.title), kernels \(machine.kernels.name): \(machine.errorText); "
      + "\(job.model?.rawValue ?? point.stored.modelName), shares of '\(point.stored.traceTitle)'"
  }

  private func table(_ own: [PricingJob.Point]) -> String {
    let contexts = unique(own.map { Int(saturating: $0.step.geometry.context.rounded()) })
    let points = Dictionary(grouping: own, by: \.stored.configuration)
    let lines = unique(own.map(\.stored.configuration)).compactMap { id in
      points[id].flatMap { own in own.last.map { Line(points: own, last: $0) } }
    }
    var columns: [Column<Line>] = [
      .left("policy") { $0.last.stored.label },
      .right("output error") { NumberText.decimal($0.last.stored.outputError) },
    ]
    columns += contexts.map { context in .right(CountText.of(context)) { $0.speedUp(at: context) } }
    columns.append(.right("faster from") { crossover($0.last) })
    if job.model != nil {
      columns += [
        .right("whole model") { NumberText.times($0.last.wholeSpeedUp) },
        .right("tokens/s") { NumberText.decimal($0.last.tokensPerSecond, places: 0) },
        .right("largest batch") { $0.last.residency.map { NumberText.grouped($0.largestBatch) } ?? "–" },
      ]
    }
    return TextTable(lines, columns).text
  }

  /// A configuration's points, by ascending context.
  private struct Line {
    let points: [PricingJob.Point]
    let last: PricingJob.Point

    func speedUp(at context: Int) -> String {
      points.first { Int(saturating: $0.step.geometry.context.rounded()) == context }
        .map { ($0.row.isExtrapolated ? "~" : "") + NumberText.times($0.step.speedUp) } ?? "–"
    }
  }

  func crossoverTokens(_ point: PricingJob.Point) -> Double? {
    point.row.machine.crossover(
      point.stored.shape, dense: point.stored.dense, geometry: point.step.geometry, batch: point.step.batch,
      reading: job.reading)
  }

  private func crossover(_ point: PricingJob.Point) -> String {
    crossoverTokens(point).map { $0 <= 128 ? "always" : NumberText.grouped(Int(saturating: $0.rounded())) }
      ?? "never to 1m"
  }

  private var notes: [String] {
    var notes = [
      "speed-up of attention over dense attention that reads a group's rows once; \(job.reading.rawValue) reading; faster from: shortest context, up to 1m"
    ]
    if job.model != nil {
      notes.append(
        "whole model, tokens/s, largest batch: at the longest context; weights and cache in 16 bits, what no attention needs left out"
      )
    }
    if points.contains(where: \.row.isExtrapolated) {
      notes.append(
        "~ extrapolated: another machine than the kernels were fitted on, another geometry or context than was replayed"
      )
    }
    if points.contains(where: { $0.fits == false }) {
      notes.append(
        "where the largest batch is smaller than the batch priced, model and cache do not fit the machine")
    }
    if showsSensitivity { notes += sensitivities }
    return notes
  }

  private var sensitivities: [String] {
    var seen: Set<String> = []
    return points.filter {
      seen.insert("\($0.row.machine.name) \($0.stored.configuration)").inserted
    }.map { point in
      let parts = point.row.machine.sensitivity(
        point.stored.shape, dense: point.stored.dense, geometry: point.step.geometry, batch: point.step.batch,
        reading: job.reading
      ).prefix(4).filter { abs($0.elasticity) > 0.005 }.map {
        "\($0.parameter) \(String(format: "%+.2f", $0.elasticity))"
      }
      return
        "\(point.stored.label) on \(point.row.machine.name) at \(CountText.of(Int(saturating: point.step.geometry.context))): "
        + "% of speed-up for each % more of \(parts.isEmpty ? "anything: none" : parts.joined(separator: ", "))"
    }
  }

  private func unique<Value: Hashable>(_ values: [Value]) -> [Value] {
    var seen: Set<Value> = []
    return values.filter { seen.insert($0).inserted }
  }
}
