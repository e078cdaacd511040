import GRDB

extension Schema {
  /// Version 6: what an output error weighs is stored beside it, so that errors can be summed and not only averaged.
  ///
  /// What was stored before has none: ‖o‖ follows from the trace alone, and NULL says that it is not known here.
  static func weighOutputErrors(_ db: Database) throws {
    let views = [
      "quality": qualityView(weighedColumns), "summary": summaryView(weighedColumns),
      "comparison": comparisonView(weighedComparison),
    ]
    try remake("''", replacing: views, db) {
      try db.execute(sql: weightColumns)
    }
    try db.execute(sql: layerView)
  }

  static let weightColumns = """
    ALTER TABLE steps ADD COLUMN output_norm REAL;
    ALTER TABLE head_summaries ADD COLUMN output_norm_sum REAL;
    ALTER TABLE head_summaries ADD COLUMN weighted_output_error REAL;
    ALTER TABLE configuration_totals ADD COLUMN weighted_output_error REAL;
    """

  /// Those of version 4, and the weighted error beside the mean one.
  static let weighedColumns = qualityColumns.flatMap {
    $0 == "output_error" ? [$0, "weighted_output_error"] : [$0]
  }

  static let weighedComparison = """
    \(compared),
      ha.weighted_output_error AS weighted_output_error_a, hb.weighted_output_error AS weighted_output_error_b,
      CASE WHEN ha.output_error_count = hb.output_error_count
        THEN hb.weighted_output_error - ha.weighted_output_error END AS weighted_output_error_difference
    """

  /// Σ‖o_S − o‖ / Σ‖o‖ of several rows of `head_summaries`: heads weigh by their norms.
  static let weightedError = "sum(weighted_output_error * output_norm_sum) / sum(output_norm_sum)"

  private static let layerView = """
    CREATE VIEW layer_quality AS
    SELECT configuration, layer, \(headsMean("recall")) AS recall, \(headsMean("mass")) AS mass,
      \(headsMean("output_error")) AS output_error, \(weightedError) AS weighted_output_error,
      sum(output_norm_sum) AS output_norm_sum
    FROM head_summaries GROUP BY configuration, layer;
    """

  /// The part of a configuration's totals that version 6 brought.
  ///
  /// - Parameter filter: a WHERE clause on `configuration`.
  static func weightedTotals(_ filter: String) -> String {
    """
    UPDATE configuration_totals SET weighted_output_error = (SELECT \(weightedError) FROM head_summaries \(filter)) \(filter)
    """
  }
}
