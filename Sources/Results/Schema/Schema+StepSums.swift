import GRDB

extension Schema {
  /// Version 11: what intervals come from, of each decode step its sums over layers and query heads, which are few enough to be
  /// kept of every configuration.
  ///
  /// Of what was stored before, those have them whose steps are there. One by one, so that the sorting of a step's rows needs
  /// no more memory than one configuration's.
  static func sumSteps(_ db: Database) throws {
    try db.execute(sql: stepSumTable)
    let detailed = try Int64.fetchAll(
      db,
      sql: "SELECT id FROM configurations WHERE EXISTS (SELECT 1 FROM steps WHERE configuration = id)")
    for configuration in detailed { try db.execute(sql: sumsOfSteps, arguments: [configuration]) }
    try db.execute(sql: stepView)
  }

  static let stepSumTable = """
    CREATE TABLE step_sums (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      step INTEGER NOT NULL CHECK (step >= 0),
      position INTEGER NOT NULL CHECK (position >= 0),
      recall_count INTEGER NOT NULL CHECK (recall_count >= 0),
      recall_sum REAL,
      mass_count INTEGER NOT NULL CHECK (mass_count >= 0),
      mass_sum REAL,
      output_error_count INTEGER NOT NULL CHECK (output_error_count >= 0),
      output_error_sum REAL,
      output_difference_sum REAL,
      output_norm_sum REAL,
      projected_output_error_count INTEGER NOT NULL CHECK (projected_output_error_count >= 0),
      projected_output_difference_sum REAL,
      projected_output_norm_sum REAL,
      PRIMARY KEY (configuration, step)
    ) STRICT;
    """

  private static let sumsOfSteps = """
    INSERT INTO step_sums
    SELECT ?1, heads.step, position, recalls, recall, masses, mass, errors, error, difference, norm,
      coalesce(projected_errors, 0), projected_difference, projected_norm
    FROM (
      SELECT step, min(position) AS position, count(recall) AS recalls, sum(recall) AS recall, count(mass) AS masses,
        sum(mass) AS mass, count(output_error) AS errors, sum(output_error) AS error,
        sum(output_error * output_norm) AS difference, sum(output_norm) AS norm
      FROM steps WHERE configuration = ?1 GROUP BY step) AS heads
    LEFT JOIN (
      SELECT step, count(projected_output_error) AS projected_errors,
        sum(projected_output_error * projected_output_norm) AS projected_difference,
        sum(projected_output_norm) AS projected_norm
      FROM layer_steps WHERE configuration = ?1 GROUP BY step) AS layers ON layers.step = heads.step
    """

  static let stepView = """
    CREATE VIEW step_quality AS
    SELECT configuration, step, position, recall_sum / nullif(recall_count, 0) AS recall,
      mass_sum / nullif(mass_count, 0) AS mass, output_error_sum / nullif(output_error_count, 0) AS output_error,
      output_difference_sum / nullif(output_norm_sum, 0) AS weighted_output_error,
      projected_output_difference_sum / nullif(projected_output_norm_sum, 0) AS projected_output_error
    FROM step_sums;
    """
}
