import Attention
import GRDB
import Simulator

extension Report {
  /// Intervals of the compared metrics: over steps where there are enough of them, else over heads.
  static func qualityIntervals(
    _ configuration: Int64, _ db: Database
  ) throws -> (kind: IntervalKind, intervals: [String: ClosedRange<Double>]) {
    var intervals: [String: ClosedRange<Double>] = [:]
    let steps = try Row.fetchAll(
      db,
      sql: """
        SELECT \(ComparedMetric.all.map(\.sums).joined(separator: ", ")) FROM step_sums
        WHERE configuration = ? ORDER BY step
        """, arguments: [configuration])
    if steps.count < PairedDifference.fewestSteps { return (.heads, try spread(configuration, db)) }
    for metric in ComparedMetric.all.map(\.name) {
      let series = try steps.map {
        try Bootstrap.Step(sum: $0.value("\(metric)_sum"), weight: $0.value("\(metric)_weight"))
      }
      intervals[metric] = Bootstrap.meanInterval(series)
    }
    return (.steps, intervals)
  }

  /// 5th to 95th percentile of the heads' means, or of the layers' where a metric is of those.
  private static func spread(
    _ configuration: Int64, _ db: Database
  ) throws -> [String: ClosedRange<Double>] {
    let pairs = try ComparedMetric.all.compactMap { metric in
      let column = metric.summaryColumn
      let means = try Double.fetchAll(
        db,
        sql: """
          SELECT \(column) FROM \(metric.unit.summaries) WHERE configuration = ? AND abs(\(column)) < 9e999
          ORDER BY \(column)
          """, arguments: [configuration])
      return means.isEmpty
        ? nil
        : (metric.name, Quantile.of(0.05, sorted: means)...Quantile.of(0.95, sorted: means))
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  /// Of the view `kernel_speedups`' ratio, over the same pairs, KV group by KV group.
  static func speedupInterval(
    _ configuration: Int64, run: Int64, _ db: Database
  ) throws -> ClosedRange<Double>? {
    let pairs = try Row.fetchAll(
      db,
      sql: """
        SELECT layer, kv_head, sum(CASE WHEN stage = 'dense' THEN duration_ns END) AS dense,
          sum(CASE WHEN stage <> 'dense' THEN duration_ns END) AS policy
        FROM kernel_samples WHERE configuration = ? AND run = ? GROUP BY layer, kv_head, repeat
        HAVING dense IS NOT NULL AND policy IS NOT NULL ORDER BY layer, kv_head, repeat
        """, arguments: [configuration, run])
    var groups: [[(over: Double, under: Double)]] = []
    var last: [Int] = []
    for row in pairs {
      let place: [Int] = try [row.value("layer"), row.value("kv_head")]
      if place != last { groups.append([]) }
      last = place
      groups[groups.count - 1].append((over: try row.value("dense"), under: try row.value("policy")))
    }
    return Bootstrap.medianRatioInterval(groups)
  }
}
