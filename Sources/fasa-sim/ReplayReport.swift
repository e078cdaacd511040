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
  let jobNotes: [String]

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
      ("policy", .left), ("kind", .left), ("budget", .right), ("recall", .right), ("mass", .right),
      ("of oracle's", .right),
      ("output error", .right), ("oracle's", .right), ("tokens", .right), ("bytes/head", .right),
      ("bytes/group", .right), ("kernel", .right),
    ])
    for (configuration, row) in zip(configurations, rows) {
      table.add([
        configuration.policy.label, row.kind, row.budget ?? "–", NumberText.decimal(row.recall),
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
    var notes = jobNotes + plan.notes
    if let profile = options.profile, plan.usesProfile {
      var seen: Set<String> = []
      let names = configurations.filter { plan.calibrationUse($0) != nil }.map { $0.policy.descriptor.name }
        .filter { seen.insert($0).inserted }
      notes.append(
        "calibrated on \(profile.profile.texts.map { "'\($0.title)'" }.joined(separator: ", ")) (\(profile.path)): \(names.joined(separator: ", "))"
      )
    }
    notes += footingNotes
    if configurations.contains(where: { !$0.policy.descriptor.isTimed }),
      rows.contains(where: { $0.kernelSpeedup != nil })
    {
      notes.append(
        "kernel –: no decode kernels for all that a step of the policy does, so that it is not timed")
    }
    notes.append(
      "means over steps, layers and heads; tokens, bytes: share of dense, as read per query head or once per KV group; "
        + "kernel: this machine's speed-up over dense attention, 1 thread")
    return notes
  }

  /// Equal footing: what is always kept must be the same for a fair comparison.
  private var footingNotes: [String] {
    ["dense-layers", "sinks", "recent"].compactMap { name in
      var labels: [String: [String]] = [:]
      var values: [String] = []
      for configuration in configurations where configuration.policy.descriptor.kind != .bound {
        let value = configuration.policy.values[name]?.description ?? "0"
        let label = configuration.policy.label
        if labels[value] == nil { values.append(value) }
        if labels[value]?.contains(label) != true { labels[value, default: []].append(label) }
      }
      guard values.count > 1 else { return nil }
      let most = values.max { (labels[$0]?.count ?? 0) < (labels[$1]?.count ?? 0) }
      let parts = values.map { value in
        let all = labels[value] ?? []
        // The many need no names.
        return
          "\(value) for \(value == most && all.count > 4 ? "the \(all.count) others" : all.joined(separator: ", "))"
      }
      return "not on equal footing: \(name) is \(parts.joined(separator: "; "))"
    }
  }
}
