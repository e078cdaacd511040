import Foundation
import Kernels
import Policies
import Results
import Simulator
import Traces

/// What a `replay` command tells of one trace.
struct ReplayReport {
  let trace: Trace
  let plan: ReplayPlan
  let configurations: [ReplayConfiguration]
  let options: ReplayOptions
  let rows: [SummaryRow]
  /// Configurations that were stored already.
  let reused: Int
  let exactResultsDigest: String
  let readBandwidth: Double?

  struct JSON: Encodable {
    let database: String
    let traces: [TraceReport]

    struct TraceReport: Encodable {
      let trace: String
      let notes: [String]
      let exactResultsDigest: String
      let reusedConfigurations: Int
      let readBandwidthBytesPerSecond: Double?
      let configurations: [SummaryRow]
    }

    init(reports: [ReplayReport], database: String) {
      self.database = database
      traces = reports.map {
        TraceReport(
          trace: $0.trace.path, notes: $0.notes, exactResultsDigest: $0.exactResultsDigest,
          reusedConfigurations: $0.reused, readBandwidthBytesPerSecond: $0.readBandwidth,
          configurations: $0.rows)
      }
    }
  }

  func text(database: String) -> String {
    let metadata = trace.metadata
    var lines = [
      "\(metadata.model.name), \(metadata.text.title) (\(metadata.text.kind)): \(NumberText.grouped(metadata.tokens.total)) tokens, "
        + "\(plan.rows.count) decode steps, layers \(NumberRanges.text(plan.layers)), \(plan.heads.count) query heads",
      "", table, "",
    ]
    lines += notes.map { "note: \($0)" }
    lines.append("exact results \(exactResultsDigest)")
    lines.append(
      "stored in \(database)" + (reused > 0 ? " (\(reused) of \(rows.count) were there already)" : ""))
    return lines.joined(separator: "\n")
  }

  private var table: String {
    var table = TextTable([
      ("policy", .left), ("budget", .right), ("recall", .right), ("mass", .right), ("of oracle's", .right),
      ("output error", .right), ("oracle's", .right), ("tokens", .right), ("bytes/head", .right),
      ("bytes/group", .right), ("kernel", .right),
    ])
    for (configuration, row) in zip(configurations, rows) {
      table.add([
        configuration.policy.label, row.budget ?? "–", NumberText.decimal(row.recall),
        NumberText.decimal(row.mass),
        NumberText.decimal(row.massRatio), NumberText.decimal(row.outputError),
        NumberText.decimal(row.oracleOutputError), NumberText.percent(row.selectedShare),
        NumberText.percent(row.perHeadBytesShare), NumberText.percent(row.groupUnionBytesShare),
        NumberText.times(row.kernelSpeedup),
      ])
    }
    return table.text
  }

  var notes: [String] {
    var notes = plan.notes
    if let profile = options.profile, plan.usesProfile {
      notes.append(
        "FASA's chunks are ranked by \(profile.profile.texts.map { "'\($0.title)'" }.joined(separator: ", ")) (\(profile.path))"
      )
    }
    notes += footingNotes
    notes.append(
      "means over steps, layers and heads; tokens, bytes: share of dense, as read per query head or once per KV group; "
        + "kernel: this machine's speed-up over dense attention, 1 thread")
    return notes
  }

  /// Equal footing: what is always kept must be the same for a fair comparison.
  private var footingNotes: [String] {
    ["dense-layers", "sinks", "recent"].compactMap { name in
      let values = configurations.filter { $0.policy.descriptor.kind != .bound }
        .map { (label: $0.policy.label, value: $0.policy.values[name]?.description ?? "0") }
      guard Set(values.map(\.value)).count > 1 else { return nil }
      var seen: Set<String> = []
      let parts = values.filter { seen.insert($0.label).inserted }.map { "\($0.value) for \($0.label)" }
      return "not on equal footing: \(name) is \(parts.joined(separator: ", "))"
    }
  }
}
