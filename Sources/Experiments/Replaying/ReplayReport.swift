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

  /// A table and notes, as a terminal shows them.
  ///
  /// - Parameter database: its name, as the text is to tell it.
  public func text(database: String) -> String {
    let metadata = trace.metadata
    var lines = [
      ("\(metadata.model.name), \(metadata.text.title) (\(metadata.text.kind)): \(NumberText.grouped(metadata.tokens.total)) tokens, "
        + "\(plan.rows.count) decode steps (\(plan.stepsText), at positions \(plan.positionsText)), layers \(NumberRanges.text(plan.layers)), \(plan.heads.count) query heads")
        .onOneLine,
      "", table, "",
    ]
    lines += notes.map { "note: \($0.onOneLine)" }
    lines.append("exact results \(exactResultsDigest)")
    lines.append(
      "stored in \(database)" + (reused > 0 ? " (\(reused) of \(rows.count) were there already)" : ""))
    return lines.joined(separator: "\n")
  }

  /// Whether the trace holds the output projection of a layer that was replayed.
  private var isProjected: Bool { !projectedLayers.isEmpty }
  private var projectedLayers: [Int] {
    let held = trace.metadata.projectedLayers
    return plan.layers.filter(held.contains)
  }

  private typealias Line = (policy: String, row: SummaryRow)

  private var table: String {
    let quality: [Column<Line>] = [
      .left("policy") { $0.policy },
      .left("kind") { $0.row.kind },
      .right("budget") { $0.row.budget ?? "–" },
      .right("recall") { NumberText.decimal($0.row.recall) },
      .right("mass") { NumberText.decimal($0.row.mass) },
      .right("of oracle's") { NumberText.decimal($0.row.massRatio) },
      .right("output error") { NumberText.decimal($0.row.outputError) },
      .right("oracle's") { NumberText.decimal($0.row.oracleOutputError) },
      .right("weighted") { NumberText.decimal($0.row.weightedOutputError) },
    ]
    let projected: [Column<Line>] =
      isProjected ? [.right("projected") { NumberText.decimal($0.row.projectedOutputError) }] : []
    let cost: [Column<Line>] = [
      .right("tokens") { NumberText.percent($0.row.selectedShare) },
      .right("bytes/head") { NumberText.percent($0.row.perHeadBytesShare) },
      .right("bytes/group") { NumberText.percent($0.row.groupUnionBytesShare) },
      .right("kernel") { NumberText.times($0.row.kernelSpeedup) },
    ]
    let hot: [Column<Line>] =
      isBuffered
      ? [
        .right("hits") { NumberText.percent($0.row.hotHitShare) },
        .right("misses") { NumberText.decimal($0.row.hotMisses, places: 1) },
      ] : []
    let freed: [Column<Line>] =
      frees ? [.right("freed") { NumberText.percent($0.row.freedBlockShare) }] : []
    let lines: [Line] = zip(configurations, rows).map { (policy: $0.policy.label, row: $1) }
    return TextTable(lines, quality + projected + cost + freed + hot).text
  }

  /// What the reader should know, a sentence each.
  public var notes: [String] {
    var notes = jobNotes + reachedNotes + plan.notes
    if let profile = options.profile, plan.usesProfile {
      var seen: Set<String> = []
      let names = configurations.filter { plan.calibrationUse($0) != nil }.map { $0.policy.descriptor.name }
        .filter { seen.insert($0).inserted }
      notes.append(
        "calibrated on \(profile.profile.texts.map { "'\($0.title)'" }.joined(separator: ", ")) (\(profile.path)): \(names.joined(separator: ", "))"
      )
    }
    notes += UndefinedNote.notes(rows)
    notes += ComparisonNotes.notes(configurations.map(\.policy))
    notes.append(
      "means over steps, layers and heads; weighted: output error by the outputs' norms, Σ‖o_S − o‖ / Σ‖o‖; \(projectedNote)tokens, bytes: share of dense, as read per query head or once per KV group; "
        + "kernel: this machine's speed-up over dense attention, \(kernelThreads) thread\(kernelThreads == 1 ? "" : "s")\(freedNote)\(hotNote)"
    )
    return notes
  }

  private var isBuffered: Bool { configurations.contains { $0.policy.hotBuffer != nil } }

  private var frees: Bool { rows.contains { $0.freedBlockShare != nil } }

  private var freedNote: String {
    frees
      ? "; freed: of a layer's blocks of \(FreedBlocks.tokens) tokens, those of which no head holds any in the end"
      : ""
  }

  private var hotNote: String {
    isBuffered
      ? "; hits: of the pages chosen on the host, those that the hot buffer held; misses: the others, a step and KV head"
      : ""
  }

  private var projectedNote: String {
    guard isProjected else { return "" }
    guard plan.scoresWholeLayers else {
      return "projected: error of whole layers, unknown where some of their query heads are left out; "
    }
    let layers =
      projectedLayers.count < plan.layers.count
      ? " over the layers that hold theirs, \(NumberRanges.text(projectedLayers))" : ""
    return
      "projected: error of whole layers after their output projection, Σ‖Wo (o_S − o)‖ / Σ‖Wo o‖\(layers); "
  }

  /// Budgets are found on the first steps alone, so that over all of them the share is another one.
  private var reachedNotes: [String] {
    guard let bytesReading else { return [] }
    let reached = zip(configurations, rows).map { configuration, row in
      let share = bytesReading == .perHead ? row.perHeadBytesShare : row.groupUnionBytesShare
      return "\(NumberText.percent(share)) by \(configuration.label)"
    }
    return [
      "budgets are found on the first \(min(ByteBudget.triedSteps, plan.rows.count)) steps; reached over all: \(reached.joined(separator: ", "))"
    ]
  }
}
