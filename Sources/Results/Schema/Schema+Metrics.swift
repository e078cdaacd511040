extension Schema {
  /// The metrics of version 1, and whether each counts tokens.
  private static let metrics: [(name: String, counts: Bool)] = [
    ("recall", false), ("precision", false), ("mass", false), ("oracle_mass", false), ("mass_ratio", false),
    ("output_error", false), ("oracle_output_error", false), ("selected", true), ("visible", true),
    ("group_union", true), ("jaccard_previous", false),
  ]

  private static let summaryColumns = metrics.map { metric in
    """
    \(metric.name)_count INTEGER NOT NULL CHECK (\(metric.name)_count >= 0),
      \(metric.name)_mean REAL, \(metric.name)_p5 REAL, \(metric.name)_p50 REAL, \(metric.name)_p95 REAL,
    """
  }.joined(separator: "\n  ")

  private static let stepColumns = metrics.map { "\($0.name) \($0.counts ? "INTEGER" : "REAL")," }
    .joined(separator: "\n  ")

  /// Keys are in the order in which results come, so that a row is appended rather than sought a place for,
  /// and one head's steps lie together. No table is WITHOUT ROWID, which would be smaller: DuckDB cannot count
  /// such a table's rows.
  static let metricTables = """
    CREATE TABLE head_summaries (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      query_head INTEGER NOT NULL CHECK (query_head >= 0),
      kv_head INTEGER NOT NULL CHECK (kv_head >= 0),
      step_count INTEGER NOT NULL CHECK (step_count > 0),
      \(summaryColumns)
      PRIMARY KEY (configuration, layer, query_head)
    ) STRICT;

    CREATE TABLE steps (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      query_head INTEGER NOT NULL CHECK (query_head >= 0),
      step INTEGER NOT NULL CHECK (step >= 0),
      position INTEGER NOT NULL CHECK (position >= 0),
      \(stepColumns)
      PRIMARY KEY (configuration, layer, query_head, step)
    ) STRICT;
    """
}
