import GRDB

/// A metric that is compared and given an interval: a mean over steps, layers and heads, in which all weigh alike or by the
/// norm of full attention's output.
struct ComparedMetric {
  let name: String
  /// What it is of.
  let unit: Unit
  /// Of the unit's steps.
  private let column: String
  /// What a step weighs by; nil where all weigh alike.
  private let norm: String?

  /// What has a row for each step: a query head, or a layer as a whole.
  enum Unit {
    case head, layer

    var steps: String { self == .head ? "steps" : "layer_steps" }
    var summaries: String { self == .head ? "head_summaries" : "layer_summaries" }
    /// What tells the rows of a step apart.
    fileprivate var keys: [String] { self == .head ? ["layer", "query_head"] : ["layer"] }
  }

  static let all = [
    plain("recall"), plain("mass"), plain("output_error"),
    ComparedMetric(
      name: "weighted_output_error", unit: .head, column: "output_error", norm: "output_norm"),
    ComparedMetric(
      name: "projected_output_error", unit: .layer, column: "projected_output_error",
      norm: "projected_output_norm"),
  ]

  private static func plain(_ name: String) -> ComparedMetric {
    ComparedMetric(name: name, unit: .head, column: name, norm: nil)
  }

  /// Whether a configuration with steps may lack it: it was stored before there was one, its trace holds no projection, or
  /// all outputs are zero.
  var isOptional: Bool { norm != nil }

  /// Of the unit's mean in its summaries.
  var summaryColumn: String { norm == nil ? "\(name)_mean" : name }

  /// Columns of `step_sums`: the metric, or its norm-weighed sum, and what that weighs, by which it is divided.
  private var sumColumns: (sum: String, weight: String) {
    guard norm != nil else { return ("\(name)_sum", "\(name)_count") }
    return unit == .head
      ? ("output_difference_sum", "output_norm_sum")
      : ("projected_output_difference_sum", "projected_output_norm_sum")
  }

  /// The same of one configuration, by its own name, 0 where there is none.
  var sums: String {
    "coalesce(\(sumColumns.sum), 0) AS \(name)_sum, coalesce(\(sumColumns.weight), 0) AS \(name)_weight"
  }

  /// Both sides by each step's sums: the same figures as head by head, since what is summed is the same.
  ///
  /// - Returns: Nil where the sums cannot tell: of a side whose outputs' norms an older fasa-sim did not store, or where one
  ///   side is defined at more heads or layers of a step than the other; where both are undefined at some, and have each head's
  ///   own values.
  func sums(_ a: ComparedSide, _ b: ComparedSide, _ db: Database) throws -> PairedSteps? {
    let (sum, weight) = sumColumns
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT a.\(column)_count AS count_a, b.\(column)_count AS count_b, a.\(sum) AS sum_a, b.\(sum) AS sum_b,
          a.\(weight) AS weight
        FROM step_sums AS a JOIN step_sums AS b ON b.configuration = ?2 AND b.step = a.step
        WHERE a.configuration = ?1 ORDER BY a.step
        """, arguments: [a.id, b.id])
    if rows.isEmpty { return nil }
    // Where heads are left out each side may lack another one, which their own rows tell.
    let counts = Set(try rows.map { try $0.value("count_a") as Int }).subtracting([0])
    if counts.count > 1, min(a.detail, b.detail) == .heads { return nil }
    var (sums, weights): ([(a: Double, b: Double)], [Double]) = ([], [])
    for row in rows {
      guard try row.value("count_a") == row.value("count_b") as Int else { return nil }
      if try row.value("count_a") == 0 { continue }
      guard let ofA: Double = try row.value("sum_a"), let ofB: Double = try row.value("sum_b"),
        let weight: Double = try row.value("weight")
      else { return nil }
      if weight > 0 {
        sums.append(norm == nil ? (ofA / weight, ofB / weight) : (ofA, ofB))
        weights.append(norm == nil ? 1 : weight)
      }
    }
    return PairedSteps(a: sums.map(\.a), b: sums.map(\.b), weights: weights)
  }

  /// Both sides by the rows of heads or layers at which both are defined.
  ///
  /// Norms are the query's, whoever chooses, so that those of one side serve both.
  func steps(_ a: ComparedSide, _ b: ComparedSide, _ db: Database) throws -> PairedSteps {
    let columns =
      norm.map { norm in
        let norm = "coalesce(a.\(norm), b.\(norm))"
        return
          "sum(a.\(column) * \(norm)) AS a, sum(b.\(column) * \(norm)) AS b, sum(\(norm)) AS weight"
      } ?? "avg(a.\(column)) AS a, avg(b.\(column)) AS b, 1.0 AS weight"
    let same = (unit.keys + ["step"]).map { "b.\($0) = a.\($0)" }.joined(separator: " AND ")
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT \(columns) FROM \(unit.steps) AS a
        JOIN \(unit.steps) AS b ON b.configuration = ?2 AND \(same)
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

  /// Of the draws that resample them: the pairs' own numbers.
  static func seed(_ series: [PairedSteps]) -> UInt64 {
    series.reduce(1) { seed, pair in
      (pair.a + pair.b).reduce(seed) { ($0 ^ $1.bitPattern) &* 0x0000_0100_0000_01b3 }
    }
  }
}
