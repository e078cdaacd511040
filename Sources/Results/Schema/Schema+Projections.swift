import GRDB

extension Schema {
  /// Version 8: what whole layers lose after their output projection, where a trace holds that.
  ///
  /// Rows of their own, since they are of no query head; a configuration has none where its trace holds no projection, some
  /// query heads were left out, or an older fasa-sim stored it.
  static func projectOutputErrors(_ db: Database) throws {
    let views = [
      "quality": qualityView(projectedColumns), "summary": summaryView(projectedColumns),
      "layer_quality": projectedLayerView,
    ]
    try remake("''", replacing: views, db) {
      try db.execute(sql: layerTables)
      try db.execute(sql: projectedColumn)
    }
  }

  /// Those of version 6, and the error after the output projection beside them.
  static let projectedColumns = weighedColumns.flatMap {
    $0 == "weighted_output_error" ? [$0, "projected_output_error"] : [$0]
  }

  static let projectedColumn = "ALTER TABLE configuration_totals ADD COLUMN projected_output_error REAL;"

  static let layerTables = """
    CREATE TABLE layer_summaries (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      step_count INTEGER NOT NULL CHECK (step_count > 0),
      projected_output_error_count INTEGER NOT NULL CHECK (projected_output_error_count >= 0),
      projected_output_norm_sum REAL,
      projected_output_error REAL,
      PRIMARY KEY (configuration, layer)
    ) STRICT;

    CREATE TABLE layer_steps (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      step INTEGER NOT NULL CHECK (step >= 0),
      position INTEGER NOT NULL CHECK (position >= 0),
      projected_output_error REAL,
      projected_output_norm REAL,
      PRIMARY KEY (configuration, layer, step)
    ) STRICT;
    """

  /// Σ‖Wo Δ‖ / Σ‖Wo o‖ of several rows of `layer_summaries`: layers weigh by their norms.
  private static let projectedError =
    "sum(projected_output_error * projected_output_norm_sum) / sum(projected_output_norm_sum)"

  /// The one of version 6, with the whole layer's row looked up by its key.
  static let projectedLayerView = """
    CREATE VIEW layer_quality AS
    SELECT configuration, layer, \(headsMean("recall")) AS recall, \(headsMean("mass")) AS mass,
      \(headsMean("output_error")) AS output_error, \(weightedError) AS weighted_output_error,
      sum(output_norm_sum) AS output_norm_sum,
      (SELECT projected_output_error FROM layer_summaries AS whole
        WHERE whole.configuration = heads.configuration AND whole.layer = heads.layer) AS projected_output_error,
      (SELECT projected_output_norm_sum FROM layer_summaries AS whole
        WHERE whole.configuration = heads.configuration AND whole.layer = heads.layer) AS projected_output_norm_sum
    FROM head_summaries AS heads GROUP BY configuration, layer;
    """

  /// The part of a configuration's totals that version 8 brought.
  ///
  /// - Parameter filter: a WHERE clause on `configuration`.
  static func projectedTotals(_ filter: String) -> String {
    """
    UPDATE configuration_totals SET projected_output_error = (SELECT \(projectedError) FROM layer_summaries \(filter)) \(filter)
    """
  }
}
