extension Schema {
  /// Steps are paired only where both sides are defined at as many of them.
  static let compared = ["recall", "mass", "mass_ratio", "output_error", "selected", "group_union"]
    .map { metric in
      """
      ha.\(metric)_mean AS \(metric)_a, hb.\(metric)_mean AS \(metric)_b,
        CASE WHEN ha.\(metric)_count = hb.\(metric)_count THEN hb.\(metric)_mean - ha.\(metric)_mean END
          AS \(metric)_difference
      """
    }.joined(separator: ",\n  ")

  /// Both orders of each pair, so that a user may ask for either; nothing is computed for pairs not asked for.
  ///
  /// - Parameter columns: of a pair of heads, `ha` and `hb`.
  static func comparisonView(_ columns: String) -> String {
    """
    CREATE VIEW comparison AS
    SELECT a.id AS configuration_a, b.id AS configuration_b, a.trace, a.scope, a.label AS label_a,
      b.label AS label_b, ha.layer, ha.query_head, ha.kv_head, ha.step_count,
      \(columns)
    FROM configurations AS a
    JOIN configurations AS b ON b.scope = a.scope AND b.id <> a.id
    JOIN head_summaries AS ha ON ha.configuration = a.id
    JOIN head_summaries AS hb
      ON hb.configuration = b.id AND hb.layer = ha.layer AND hb.query_head = ha.query_head;
    """
  }

  /// Bounds other than dense attention are left out: nothing deployable chooses as the oracle does, and it
  /// would stand before everything that can be had.
  static let paretoView = """
    CREATE VIEW pareto AS
    WITH points AS MATERIALIZED (
      SELECT id, trace, scope, policy, label, reading, output_error,
        CASE reading WHEN 'per-head' THEN per_head_bytes ELSE group_union_bytes END AS moved_bytes,
        CASE reading WHEN 'per-head' THEN per_head_bytes_share ELSE group_union_bytes_share END AS bytes_share
      FROM configurations
      JOIN quality ON quality.configuration = id
      JOIN bytes ON bytes.configuration = id
      CROSS JOIN (SELECT 'per-head' AS reading UNION ALL SELECT 'group-union') AS readings
      WHERE (kind <> 'bound' OR policy = 'dense') AND output_error IS NOT NULL)
    SELECT point.id AS configuration, traces.digest AS trace_digest, point.scope, point.reading, point.policy,
      point.label, point.output_error, point.moved_bytes, point.bytes_share
    FROM points AS point JOIN traces ON traces.id = point.trace
    WHERE point.moved_bytes IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM points AS other
      WHERE other.scope = point.scope AND other.reading = point.reading
        AND other.output_error <= point.output_error AND other.moved_bytes <= point.moved_bytes
        AND (other.output_error < point.output_error OR other.moved_bytes < point.moved_bytes));
    """
}
