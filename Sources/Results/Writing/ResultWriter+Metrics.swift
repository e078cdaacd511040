import GRDB
import Simulator

extension ResultWriter {
  func insertSummaries(_ configuration: ConfigurationResult, _ id: ConfigurationID) throws {
    let statistics = ["count", "mean", "p5", "p50", "p95"]
    let metrics = Metric.allCases.flatMap { metric in statistics.map { "\(metric.name)_\($0)" } }
    var rows = try BulkInsert(
      db, into: "head_summaries",
      columns: ["configuration", "layer", "query_head", "kv_head", "step_count"] + metrics
        + ["output_norm_sum", "weighted_output_error"])
    for head in configuration.heads {
      rows.bind(Int(id.rawValue))
      rows.bind(head.layer)
      rows.bind(head.queryHead)
      rows.bind(head.kvHead)
      rows.bind(head.stepCount)
      for metric in Metric.allCases {
        let summary = head.summary(metric)
        rows.bind(summary.count)
        for value in [summary.mean, summary.p5, summary.p50, summary.p95] { rows.bind(value) }
      }
      rows.bind(head.outputNormSum)
      rows.bind(head.weightedOutputError)
      try rows.insert()
    }
  }

  func hasSteps(_ id: ConfigurationID) throws -> Bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM steps WHERE configuration = ?)"
    return try Bool.fetchOne(db, sql: sql, arguments: [id.rawValue]) ?? false
  }

  func insertSteps(_ configuration: ConfigurationResult, _ id: ConfigurationID) throws {
    let keys = ["configuration", "layer", "query_head", "step", "position"]
    var rows = try BulkInsert(
      db, into: "steps", columns: keys + Metric.allCases.map(\.name) + ["output_norm"])
    for head in configuration.heads {
      for (place, step) in result.steps.enumerated() {
        rows.bind(Int(id.rawValue))
        rows.bind(head.layer)
        rows.bind(head.queryHead)
        rows.bind(step.index)
        rows.bind(step.position)
        for metric in Metric.allCases { rows.bind(head[metric, place]) }
        rows.bind(head.outputNorm(place))
        try rows.insert()
      }
    }
  }
}
