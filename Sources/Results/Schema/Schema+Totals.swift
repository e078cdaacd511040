extension Schema {
  /// What views say of a configuration, kept beside it: a view that added up the heads would add up those of the whole
  /// database to say one line.
  ///
  /// Written in the transaction that stores what they sum.
  static let totalTables = """
    CREATE TABLE configuration_totals (
      configuration INTEGER PRIMARY KEY REFERENCES configurations (id) ON DELETE CASCADE,
      \(qualityColumns.map { "\($0) REAL," }.joined(separator: " "))
      output_errors_undefined INTEGER NOT NULL CHECK (output_errors_undefined >= 0),
      per_head_bytes INTEGER,
      group_union_bytes INTEGER,
      resident_device_bytes INTEGER,
      resident_host_bytes INTEGER
    ) STRICT;

    CREATE TABLE scope_totals (
      scope INTEGER PRIMARY KEY REFERENCES scopes (id) ON DELETE CASCADE,
      per_head_bytes INTEGER,
      group_union_bytes INTEGER,
      resident_bytes INTEGER
    ) STRICT;

    CREATE TABLE kernel_medians (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      pairs INTEGER NOT NULL CHECK (pairs > 0),
      dense_median_ns REAL NOT NULL CHECK (dense_median_ns >= 0),
      policy_median_ns REAL NOT NULL CHECK (policy_median_ns >= 0),
      PRIMARY KEY (configuration, run)
    ) STRICT;

    CREATE TABLE kernel_stage_totals (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      stage TEXT NOT NULL,
      samples INTEGER NOT NULL CHECK (samples > 0),
      median_ns REAL NOT NULL CHECK (median_ns >= 0),
      min_ns INTEGER NOT NULL CHECK (min_ns >= 0),
      max_ns INTEGER NOT NULL CHECK (max_ns >= min_ns),
      duration_ns INTEGER NOT NULL CHECK (duration_ns >= 0),
      moved_bytes INTEGER NOT NULL CHECK (moved_bytes >= 0),
      PRIMARY KEY (configuration, run, stage)
    ) STRICT;

    CREATE INDEX configurations_by_label ON configurations (label);
    """

  static let qualityColumns = [
    "recall", "lowest_head_recall", "precision", "mass", "oracle_mass", "mass_ratio", "output_error",
    "highest_head_output_error", "oracle_output_error", "selected", "visible", "group_union",
    "jaccard_previous", "selected_share", "tokens_read_share",
  ]

  /// The mean over all heads and steps at which a metric is defined: heads weigh by their defined steps.
  static func headsMean(_ metric: String) -> String {
    "sum(\(metric)_mean * \(metric)_count) / sum(\(metric)_count)"
  }

  /// A mean hides the head that fails, so the worst one stands beside it. The tokens' share is of a GQA
  /// group's union: what a kernel that shares reads must fetch.
  ///
  /// - Parameter filter: a WHERE clause on `configuration`; empty for all.
  static func configurationTotals(_ filter: String) -> String {
    """
    INSERT OR REPLACE INTO configuration_totals (configuration, \(qualityColumns.joined(separator: ", ")),
      output_errors_undefined, per_head_bytes, group_union_bytes, resident_device_bytes, resident_host_bytes)
    SELECT quality.*, moved.per_head_bytes, moved.group_union_bytes, kept.device_bytes, kept.host_bytes
    FROM (
      SELECT configuration, \(headsMean("recall")), min(recall_mean), \(headsMean("precision")), \(headsMean("mass")),
        \(headsMean("oracle_mass")), \(headsMean("mass_ratio")), \(headsMean("output_error")), max(output_error_mean),
        \(headsMean("oracle_output_error")), \(headsMean("selected")), \(headsMean("visible")), \(headsMean("group_union")),
        \(headsMean("jaccard_previous")), sum(selected_mean * selected_count) / sum(visible_mean * visible_count),
        sum(group_union_mean * group_union_count) / sum(visible_mean * visible_count),
        sum(step_count - output_error_count)
      FROM head_summaries \(filter) GROUP BY configuration) AS quality
    LEFT JOIN (
      SELECT configuration, sum(read_per_head_bytes + written_bytes) AS per_head_bytes,
        sum(read_group_union_bytes + written_bytes) AS group_union_bytes
      FROM traffic \(filter) GROUP BY configuration) AS moved USING (configuration)
    LEFT JOIN (
      SELECT configuration, sum(resident_device_bytes) AS device_bytes, sum(resident_host_bytes) AS host_bytes
      FROM residency \(filter) GROUP BY configuration) AS kept USING (configuration)
    """
  }

  /// - Parameter filter: a WHERE clause on `scope`; empty for all.
  static func scopeTotals(_ filter: String) -> String {
    """
    INSERT OR REPLACE INTO scope_totals
    SELECT scope, per_head_bytes, group_union_bytes, resident_bytes
    FROM (
      SELECT scope, sum(read_per_head_bytes + written_bytes) AS per_head_bytes,
        sum(read_group_union_bytes + written_bytes) AS group_union_bytes
      FROM dense_traffic \(filter) GROUP BY scope) AS moved
    LEFT JOIN (
      SELECT scope, sum(resident_device_bytes + resident_host_bytes) AS resident_bytes
      FROM dense_residency \(filter) GROUP BY scope) AS kept USING (scope)
    """
  }

  /// A pair is one step of one KV group timed both ways; a step without its counterpart says nothing.
  ///
  /// - Parameter filter: a WHERE clause on `configuration` and `run`; empty for all.
  static func kernelMedians(_ filter: String) -> String {
    """
    INSERT OR REPLACE INTO kernel_medians
    WITH pairs AS (
      SELECT configuration, run, sum(CASE WHEN stage = 'dense' THEN duration_ns END) AS dense_ns,
        sum(CASE WHEN stage <> 'dense' THEN duration_ns END) AS policy_ns
      FROM kernel_samples \(filter) GROUP BY configuration, run, layer, kv_head, repeat
      HAVING dense_ns IS NOT NULL AND policy_ns IS NOT NULL),
    ranked AS (
      SELECT *, count(*) OVER (PARTITION BY configuration, run) AS n,
        row_number() OVER (PARTITION BY configuration, run ORDER BY dense_ns) AS dense_place,
        row_number() OVER (PARTITION BY configuration, run ORDER BY policy_ns) AS policy_place
      FROM pairs)
    SELECT configuration, run, n, \(median("dense_ns", rank: "dense_place")),
      \(median("policy_ns", rank: "policy_place"))
    FROM ranked GROUP BY configuration, run, n
    """
  }

  /// - Parameter filter: a WHERE clause on `configuration` and `run`; empty for all.
  static func kernelStageTotals(_ filter: String) -> String {
    """
    INSERT OR REPLACE INTO kernel_stage_totals
    WITH ranked AS (
      SELECT *, count(*) OVER (PARTITION BY configuration, run, stage) AS n,
        row_number() OVER (PARTITION BY configuration, run, stage ORDER BY duration_ns) AS place
      FROM kernel_samples \(filter))
    SELECT configuration, run, stage, n, \(median("duration_ns", rank: "place")), min(duration_ns),
      max(duration_ns), sum(duration_ns), sum(moved_bytes)
    FROM ranked GROUP BY configuration, run, stage, n
    """
  }
}
