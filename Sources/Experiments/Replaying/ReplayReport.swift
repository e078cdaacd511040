import Attention
import Foundation
import Kernels
import Policies
import Results
import Simulator
import Traces

/// What a replay of one trace gave.
public struct ReplayReport {
  public let trace: Trace
  let plan: ReplayPlan
  public let configurations: [ReplayConfiguration]
  let options: ReplayOptions
  /// What is stored of them, in their order.
  public let rows: [SummaryRow]
  /// Configurations that were stored already.
  public let reused: Int
  /// SHA-256 over the configurations' digests in order, lower-case hexadecimal.
  public let exactResultsDigest: String
  /// What one thread reads from memory that no cache holds, bytes per second; nil where nothing was timed.
  public let readBandwidth: Double?
  /// Threads that timed kernels side by side.
  let kernelThreads: Int
  let jobNotes: [String]
  /// Policies of which some of those notes are.
  let leftOut: [LeftOut]
  let bytesReading: Reading?

  /// Replays of several traces as an object.
  public struct JSON: Encodable {
    let database: String
    let traces: [TraceReport]
    let modelled: ModelReport.JSON?

    struct TraceReport: Encodable {
      let trace: String
      let notes: [String]
      let exactResultsDigest: String
      let reusedConfigurations: Int
      let readBandwidthBytesPerSecond: Double?
      let configurations: [SummaryRow]
    }

    /// - Parameter database: its name, as the report is to tell it.
    public init(reports: [ReplayReport], database: String, modelled: ModelReport.JSON? = nil) {
      self.database = database
      self.modelled = modelled
      traces = reports.map {
        TraceReport(
          trace: $0.trace.path, notes: $0.notes, exactResultsDigest: $0.exactResultsDigest,
          reusedConfigurations: $0.reused, readBandwidthBytesPerSecond: $0.readBandwidth,
          configurations: $0.rows)
      }
    }
  }

  /// A table and notes as text.
  ///
  /// - Parameter database: its name, as the text is to tell it.
  public func text(database: String) -> String { document(database: database).text() }

  /// The same, to be laid out.
  ///
  /// - Parameter ranking: nil for the order in which policies and budgets were asked for.
  package func document(database: String, ranking: RowRanking? = nil) -> Document {
    let metadata = trace.metadata
    let heading =
      "\(metadata.model.name), \(metadata.text.title) (\(metadata.text.kind)): \(NumberText.grouped(metadata.tokens.total)) tokens, "
      + "\(plan.rows.count) decode steps (\(plan.stepsText), at positions \(plan.positionsText)), layers \(NumberRanges.text(plan.layers)), \(plan.heads.count) query heads"
    return Document(
      [
        .lines([heading])
      ] + tables(ranking) + [
        .notes(
          notes.filter { note in !leftOut.contains { $0.note == note } }, leftOut: leftOut,
          then: [
            "exact results \(exactResultsDigest)",
            "stored in \(database)" + (reused > 0 ? " (\(reused) of \(rows.count) were there already)" : ""),
          ])
      ])
  }

  /// Whether the trace holds the output projection of a layer that was replayed.
  private var isProjected: Bool { !projectedLayers.isEmpty }
  private var projectedLayers: [Int] {
    let held = trace.metadata.projectedLayers
    return plan.layers.filter(held.contains)
  }

  private typealias Line = (policy: String, row: SummaryRow)

  private func tables(_ ranking: RowRanking?) -> [Document.Block] {
    let lines: [Line] = zip(configurations, rows).map { (policy: $0.policy.label, row: $1) }
    guard let ranking else { return [.table(table(lines))] }
    let (budgeted, own) = ranking.tables(lines) { $0.row }
    return (budgeted.isEmpty ? [] : [.table(table(budgeted))])
      + (own.isEmpty
        ? []
        : [
          .heading("whatever the budget: policies that size their own sets, and bounds"), .table(table(own)),
        ])
  }

  /// The rows as they are shown.
  package func rows(_ ranking: RowRanking?) -> [SummaryRow] {
    guard let (budgeted, own) = ranking?.tables(rows, { $0 }) else { return rows }
    return budgeted + own
  }

  private func table(_ lines: [Line]) -> TextTable {
    let quality: [Column<Line>] = [
      .left("policy") { $0.policy },
      .left("kind", drop: 1) { $0.row.kind },
      .right("budget") { $0.row.budget ?? "–" },
      .right("recall", drop: 13) { NumberText.decimal($0.row.recall) },
      .right("mass", drop: 9) { NumberText.decimal($0.row.mass) },
      .right("of oracle's", drop: 2) { NumberText.decimal($0.row.massRatio) },
      .right("output error") { NumberText.decimal($0.row.outputError) },
      .right("oracle's", drop: 3) { NumberText.decimal($0.row.oracleOutputError) },
      .right("weighted", drop: 12) { NumberText.decimal($0.row.weightedOutputError) },
    ]
    let projected: [Column<Line>] =
      isProjected ? [.right("projected", drop: 10) { NumberText.decimal($0.row.projectedOutputError) }] : []
    let cost: [Column<Line>] = [
      .right("tokens", drop: 5) { NumberText.percent($0.row.selectedShare) },
      .right("bytes/head", drop: 4) { NumberText.percent($0.row.perHeadBytesShare) },
      .right("bytes/group") { NumberText.percent($0.row.groupUnionBytesShare) },
      .right("kernel", drop: 11) { NumberText.times($0.row.kernelSpeedup) },
    ]
    let hot: [Column<Line>] =
      isBuffered
      ? [
        .right("hits", drop: 8) { NumberText.percent($0.row.hotHitShare) },
        .right("misses", drop: 7) { NumberText.decimal($0.row.hotMisses, places: 1) },
      ] : []
    let freed: [Column<Line>] =
      frees ? [.right("freed", drop: 6) { NumberText.percent($0.row.freedBlockShare) }] : []
    return TextTable(lines, quality + projected + cost + freed + hot)
  }

  /// What the reader should know, a sentence each: first what makes figures unlike, then what was done, then what titles mean.
  public var notes: [String] {
    var notes = UndefinedNote.notes(rows) + ComparisonNotes.notes(configurations.map(\.policy))
    notes += reachedNotes + jobNotes + plan.notes
    if let profile = options.profile, plan.usesProfile {
      var seen: Set<String> = []
      let names = configurations.filter { plan.calibrationUse($0) != nil }.map { $0.policy.descriptor.name }
        .filter { seen.insert($0).inserted }
      notes.append(
        "calibrated on \(profile.profile.texts.map { "'\($0.title)'" }.joined(separator: ", ")) (\(profile.path)): \(names.joined(separator: ", "))"
      )
    }
    return notes + legend
  }

  private var isBuffered: Bool { configurations.contains { $0.policy.hotBuffer != nil } }

  private var frees: Bool { rows.contains { $0.freedBlockShare != nil } }

  /// What the columns are, where their titles do not say it.
  private var legend: [String] {
    var legend = [
      "means over steps, layers and heads; weighted: output error by the outputs' norms, Σ‖o_S − o‖ / Σ‖o‖",
      "tokens, bytes: share of dense, as read per query head or once per KV group, which is what shares of bytes and prices go by; kernel: this machine's speed-up over dense attention, \(kernelThreads) thread\(kernelThreads == 1 ? "" : "s")",
    ]
    if isProjected { legend.append(projectedNote) }
    if frees {
      legend.append(
        "freed: of a layer's blocks of \(FreedBlocks.tokens) tokens, those of which no head holds any in the end"
      )
    }
    if isBuffered {
      legend.append(
        "hits: of the pages chosen on the host, those that the hot buffer held; misses: the others, a step and KV head"
      )
    }
    return legend
  }

  private var projectedNote: String {
    guard plan.scoresWholeLayers else {
      return "projected: error of whole layers, unknown where some of their query heads are left out"
    }
    let layers =
      projectedLayers.count < plan.layers.count
      ? " over the layers that hold theirs, \(NumberRanges.text(projectedLayers))" : ""
    return
      "projected: error of whole layers after their output projection, Σ‖Wo (o_S − o)‖ / Σ‖Wo o‖\(layers)"
  }

  /// Budgets are found on the first steps alone, so that over all of them the share is another one.
  private var reachedNotes: [String] {
    guard let bytesReading else { return [] }
    let reached = zip(configurations, rows).map { configuration, row in
      let share = row.bytesShare(bytesReading)
      return "\(NumberText.percent(share)) by \(configuration.label)"
    }
    return [
      "budgets are found on the first \(min(ByteBudget.triedSteps, plan.rows.count)) steps; reached over all: \(reached.joined(separator: ", "))"
    ]
  }
}
