extension Schema {
  /// The mean over all heads and steps at which a metric is defined: heads weigh by their defined steps.
  private static func mean(_ metric: String) -> String {
    "sum(\(metric)_mean * \(metric)_count) / sum(\(metric)_count) AS \(metric)"
  }

  /// A mean hides the head that fails, so the worst one stands beside it. The tokens' share is of a GQA
  /// group's union: what a kernel that shares reads must fetch.
  static let qualityViews = """
    CREATE VIEW quality AS
    SELECT configuration, \(mean("recall")), min(recall_mean) AS lowest_head_recall, \(mean("precision")),
      \(mean("mass")), \(mean("oracle_mass")), \(mean("mass_ratio")), \(mean("output_error")),
      max(output_error_mean) AS highest_head_output_error, \(mean("oracle_output_error")),
      \(mean("selected")), \(mean("visible")), \(mean("group_union")), \(mean("jaccard_previous")),
      sum(selected_mean * selected_count) / sum(visible_mean * visible_count) AS selected_share,
      sum(group_union_mean * group_union_count) / sum(visible_mean * visible_count) AS tokens_read_share
    FROM head_summaries GROUP BY configuration;

    CREATE VIEW bytes AS
    WITH moved AS (
      SELECT configuration, sum(read_per_head_bytes + written_bytes) AS per_head_bytes,
        sum(read_group_union_bytes + written_bytes) AS group_union_bytes
      FROM traffic GROUP BY configuration),
    dense AS (
      SELECT scope, sum(read_per_head_bytes + written_bytes) AS per_head_bytes,
        sum(read_group_union_bytes + written_bytes) AS group_union_bytes
      FROM dense_traffic GROUP BY scope),
    kept AS (
      SELECT configuration, sum(resident_device_bytes) AS device_bytes, sum(resident_host_bytes) AS host_bytes
      FROM residency GROUP BY configuration),
    dense_kept AS (
      SELECT scope, sum(resident_device_bytes + resident_host_bytes) AS all_bytes
      FROM dense_residency GROUP BY scope)
    SELECT configurations.id AS configuration, moved.per_head_bytes, moved.group_union_bytes,
      dense.per_head_bytes AS dense_per_head_bytes, dense.group_union_bytes AS dense_group_union_bytes,
      1.0 * moved.per_head_bytes / dense.per_head_bytes AS per_head_bytes_share,
      1.0 * moved.group_union_bytes / dense.group_union_bytes AS group_union_bytes_share,
      kept.device_bytes AS resident_device_bytes, kept.host_bytes AS resident_host_bytes,
      dense_kept.all_bytes AS dense_resident_bytes
    FROM configurations
    LEFT JOIN moved ON moved.configuration = configurations.id
    LEFT JOIN dense ON dense.scope = configurations.scope
    LEFT JOIN kept ON kept.configuration = configurations.id
    LEFT JOIN dense_kept ON dense_kept.scope = configurations.scope;
    """

  /// Times of two machines are never mixed: the speed-up is that of the last run that timed the
  /// configuration, and says which run it was.
  static let summaryView = """
    CREATE VIEW summary AS
    WITH timed AS (
      SELECT * FROM kernel_speedups AS speedup
      WHERE run = (SELECT max(run) FROM kernel_samples WHERE configuration = speedup.configuration))
    SELECT configurations.id AS configuration, configurations.identity, configurations.run,
      traces.digest AS trace_digest, traces.model_name, traces.text_title, configurations.policy,
      configurations.kind, configurations.label, configurations.parameters, configurations.budget,
      configurations.seed, configurations.scope, scopes.layers, scopes.query_heads, scopes.steps,
      scopes.step_count, recall, lowest_head_recall, precision, mass, oracle_mass, mass_ratio, output_error,
      highest_head_output_error, oracle_output_error, selected, visible, group_union, jaccard_previous,
      selected_share, tokens_read_share, per_head_bytes, group_union_bytes, dense_per_head_bytes,
      dense_group_union_bytes, per_head_bytes_share, group_union_bytes_share, resident_device_bytes,
      resident_host_bytes, dense_resident_bytes, timed.run AS timing_run, timed.pairs AS timing_pairs,
      dense_median_ns, policy_median_ns, kernel_speedup, configurations.exact_results_digest
    FROM configurations
    JOIN traces ON traces.id = configurations.trace
    JOIN scopes ON scopes.id = configurations.scope
    LEFT JOIN quality ON quality.configuration = configurations.id
    LEFT JOIN bytes ON bytes.configuration = configurations.id
    LEFT JOIN timed ON timed.configuration = configurations.id;
    """
}
