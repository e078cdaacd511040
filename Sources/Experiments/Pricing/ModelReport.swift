import Foundation
import Policies
import Pricing
import Results
import Simulator

/// What `model` tells: a table for each machine and batch size, contexts side by side.
public struct ModelReport {
  let job: PricingJob
  let points: [PricingJob.Point]
  /// Nil to compare configurations as they are.
  let quality: EqualQuality?
  let showsSensitivity: Bool
  let database: String?
  /// Whether kernels of before stand beside those that were asked for, in the same tables.
  private let hasEarlier: Bool

  /// - Parameters:
  ///   - points: what the job computed.
  ///   - quality: what all shown configurations meet; nil to show all.
  ///   - showsSensitivity: whether the text says which parameter of a machine moves a speed-up most.
  ///   - database: where the times are kept, as it is to be named; nil where they are not.
  public init(
    job: PricingJob, points: [PricingJob.Point], quality: EqualQuality? = nil,
    showsSensitivity: Bool = false, database: String? = nil
  ) {
    self.job = job
    self.points = quality?.cheapest(points) ?? points
    self.quality = quality
    self.showsSensitivity = showsSensitivity
    self.database = database
    hasEarlier = job.machines.contains(where: \.isEarlier)
  }

  private struct Table: Hashable {
    let trace: String
    let machine: String
    /// Empty where other kernels stand in the same table, under the lines that they disagree with.
    let kernels: String
    let batch: Double
  }

  /// Tables and notes as text.
  public var text: String { document.text() }

  /// The same, to be laid out.
  package var document: Document {
    var blocks: [Document.Block] = []
    let tables = Dictionary(grouping: points, by: key)
    for key in points.map(key).unique {
      guard let own = tables[key], let first = own.first else { continue }
      blocks += [
        .lines(["\(heading(first, own)), batch \(Int(saturating: key.batch))"]), .table(table(own)),
      ]
      if let layers = layersTable(own) { blocks += [.lines([layers.title]), .table(layers.table)] }
    }
    if showsSensitivity { blocks.append(.lines(sensitivities)) }
    blocks.append(
      .notes(notes, then: database.map { ["stored in \($0) (modelled, modelled_speedups)"] } ?? []))
    return Document(blocks)
  }

  private func key(_ point: PricingJob.Point) -> Table {
    Table(
      trace: point.stored.traceTitle, machine: point.row.machine.machine.name,
      kernels: hasEarlier ? "" : point.row.machine.kernels.name,
      batch: point.step.batch)
  }

  private func heading(_ point: PricingJob.Point, _ own: [PricingJob.Point]) -> String {
    let machine = point.row.machine
    let model = (job.model?.name ?? point.stored.modelName) + job.deployment.suffix
    return "\(machine.machine.title), kernels \(machine.kernels.name): \(errors(point, own)); "
      + "\(model), shares of '\(point.stored.traceTitle)'"
  }

  /// Of the kinds of prices that are in a table.
  private func errors(_ point: PricingJob.Point, _ own: [PricingJob.Point]) -> String {
    let machine = point.row.machine
    let found = Set(own.map(\.step.kind) + [.dense] + (job.model == nil ? [] : [.step]))
    return machine.errorText(
      of: PriceKind.allCases.filter(found.contains), at: own.last?.step.geometry ?? point.step.geometry)
  }

  private func table(_ own: [PricingJob.Point]) -> TextTable {
    let lines = ModelLine.lines(own)
    let contexts = own.map { Int(saturating: $0.step.geometry.context.rounded()) }.unique
    var columns: [Column<ModelLine>] = [
      .left("policy") { $0.label },
      .right("output error", drop: 5) { NumberText.decimal($0.outputError) },
    ]
    // The ends say which way it goes.
    columns += contexts.enumerated().map { place, context in
      let isEnd = place == 0 || place == contexts.count - 1
      return .right(CountText.of(context), drop: isEnd ? nil : 100 + place) { $0.speedUp(at: context) }
    }
    columns.append(.right("faster from", drop: 4) { $0.isDense ? "" : crossover($0.last) })
    if job.model != nil {
      columns += [
        .right("whole model", drop: 3) { NumberText.times($0.wholeSpeedUp) },
        .right("tokens/s", drop: 2) { NumberText.decimal($0.side?.tokensPerSecond, places: 0) },
        .right("largest batch", drop: 1) { $0.side.map { NumberText.grouped($0.largestBatch) } ?? "–" },
      ]
    }
    return TextTable(lines, columns)
  }

  func crossoverTokens(_ point: PricingJob.Point) -> Double? {
    point.row.machine.crossover(
      point.stored.shape, dense: point.stored.dense, geometry: point.step.geometry,
      batch: point.step.batchOfReplica, reading: job.reading)
  }

  private func crossover(_ point: PricingJob.Point) -> String {
    crossoverTokens(point).map { $0 <= 128 ? "always" : NumberText.grouped(Int(saturating: $0.rounded())) }
      ?? "never to 1m"
  }

}

extension Sequence where Element: Hashable {
  /// Each element once, in order.
  var unique: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
