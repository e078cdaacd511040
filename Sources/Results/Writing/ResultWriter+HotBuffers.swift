import Attention
import GRDB
import Simulator

/// What hot buffers found.
extension ResultWriter {
  func insertHotGroups(_ configuration: ConfigurationResult, _ id: ConfigurationID) throws {
    var rows = try BulkInsert(
      db, into: "hot_groups",
      columns: [
        "configuration", "layer", "kv_head", "step_count", "hits", "misses", "misses_p50", "misses_p95",
        "misses_max",
      ])
    for group in configuration.traffic where !group.hotSteps.isEmpty {
      let misses = group.hotSteps.map(\.misses)
      let sorted = misses.sorted().map(Double.init)
      rows.bind(Int(id.rawValue))
      rows.bind(group.layer)
      rows.bind(group.kvHead)
      rows.bind(misses.count)
      rows.bind(group.hotSteps.reduce(0) { $0 + $1.hits })
      rows.bind(misses.reduce(0, +))
      rows.bind(Quantile.of(0.5, sorted: sorted))
      rows.bind(Quantile.of(0.95, sorted: sorted))
      rows.bind(misses.max() ?? 0)
      try rows.insert()
    }
  }

  func insertHotSteps(_ configuration: ConfigurationResult, _ id: ConfigurationID) throws {
    var rows = try BulkInsert(
      db, into: "hot_steps",
      columns: ["configuration", "layer", "kv_head", "step", "position", "hits", "misses"])
    for group in configuration.traffic {
      for (found, step) in zip(group.hotSteps, result.steps) {
        rows.bind(Int(id.rawValue))
        rows.bind(group.layer)
        rows.bind(group.kvHead)
        rows.bind(step.index)
        rows.bind(step.position)
        rows.bind(found.hits)
        rows.bind(found.misses)
        try rows.insert()
      }
    }
  }
}
