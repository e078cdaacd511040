import GRDB

/// A metric that is compared and given an interval: a mean over steps, layers and heads, in which all weigh alike or by the
/// norm of full attention's output.
struct ComparedMetric {
  let name: String
  /// Of `steps`.
  private let column: String
  private let weighsByNorm: Bool

  static let all = [plain("recall"), plain("mass"), plain("output_error"), weightedOutputError]
  static let weightedOutputError = ComparedMetric(
    name: "weighted_output_error", column: "output_error", weighsByNorm: true)

  private static func plain(_ name: String) -> ComparedMetric {
    ComparedMetric(name: name, column: name, weighsByNorm: false)
  }

  /// Of a head's mean in `head_summaries`.
  var headColumn: String { weighsByNorm ? name : "\(name)_mean" }

  /// What sums over rows of `steps` have as columns: the weighed metric, and its weight.
  var sums: String {
    let (sum, weight) =
      weighsByNorm
      ? ("total(\(column) * output_norm)", "total(output_norm)") : ("total(\(column))", "count(\(column))")
    return "\(sum) AS \(name)_sum, \(weight) AS \(name)_weight"
  }

  /// Both sides on the steps at which both are defined.
  ///
  /// ‖o‖ is the query's, whoever chooses, so that the norms of one side serve both.
  func steps(_ a: ComparedSide, _ b: ComparedSide, _ db: Database) throws -> PairedSteps {
    let norm = "coalesce(a.output_norm, b.output_norm)"
    let columns =
      weighsByNorm
      ? "sum(a.\(column) * \(norm)) AS a, sum(b.\(column) * \(norm)) AS b, sum(\(norm)) AS weight"
      : "avg(a.\(column)) AS a, avg(b.\(column)) AS b, 1.0 AS weight"
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT \(columns) FROM steps AS a
        JOIN steps AS b ON b.configuration = ?2 AND b.layer = a.layer AND b.query_head = a.query_head AND b.step = a.step
        WHERE a.configuration = ?1 AND a.\(column) IS NOT NULL AND b.\(column) IS NOT NULL
        GROUP BY a.step HAVING weight > 0 ORDER BY a.step
        """, arguments: [a.id, b.id])
    return PairedSteps(
      a: try rows.map { try $0.value("a") }, b: try rows.map { try $0.value("b") },
      weights: try rows.map { try $0.value("weight") })
  }
}

/// A metric of two sides over the steps of one trace. Of a plain mean, each step's own, which weigh 1; else sums over its layers
/// and heads, and what those weigh together.
struct PairedSteps {
  let a: [Double]
  let b: [Double]
  /// Above 0.
  let weights: [Double]
}
