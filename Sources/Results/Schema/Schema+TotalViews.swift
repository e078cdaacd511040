extension Schema {
  /// The views of before over the totals: their columns are as before, and `output_errors_undefined` is new.
  static let totalViews = """
    DROP VIEW summary;
    DROP VIEW kernel_stages;
    DROP VIEW kernel_speedups;
    DROP VIEW bytes;
    DROP VIEW quality;

    \(qualityView(qualityColumns))

    \(sumViews)

    \(summaryView(qualityColumns))
    """

  /// Those that have stayed as they were since.
  static let sumViews = """
    CREATE VIEW bytes AS
    SELECT totals.configuration, \(byteColumns)
    FROM configuration_totals AS totals
    JOIN configurations ON configurations.id = totals.configuration
    LEFT JOIN scope_totals AS dense ON dense.scope = configurations.scope;

    CREATE VIEW kernel_stages AS
    SELECT configuration, run, stage, samples, median_ns, min_ns, max_ns,
      1.0 * moved_bytes / samples AS mean_moved_bytes, 1e9 * moved_bytes / duration_ns AS bandwidth_bytes_per_s,
      1e9 * moved_bytes / duration_ns / read_bandwidth_bytes_per_s AS read_bandwidth_share
    FROM kernel_stage_totals JOIN runs ON runs.id = run;

    CREATE VIEW kernel_speedups AS
    SELECT configuration, run, pairs, dense_median_ns, policy_median_ns,
      dense_median_ns / policy_median_ns AS kernel_speedup
    FROM kernel_medians;
    """

  static func qualityView(_ columns: [String]) -> String {
    """
    CREATE VIEW quality AS
    SELECT configuration, \(columns.joined(separator: ", ")), output_errors_undefined
    FROM configuration_totals;
    """
  }

  static func summaryView(_ columns: [String]) -> String {
    """
    CREATE VIEW summary AS
    SELECT configurations.id AS configuration, configurations.identity, configurations.build,
      configurations.run, traces.digest AS trace_digest, traces.model_name, traces.text_title, configurations.policy,
      configurations.kind, configurations.label, configurations.parameters, configurations.budget,
      configurations.seed, configurations.scope, scopes.layers, scopes.query_heads, scopes.steps,
      scopes.positions, scopes.step_count, \(columns.map { "totals.\($0)" }.joined(separator: ", ")),
      totals.output_errors_undefined, \(byteColumns), timed.run AS timing_run, timed.pairs AS timing_pairs,
      timed.dense_median_ns, timed.policy_median_ns,
      timed.dense_median_ns / timed.policy_median_ns AS kernel_speedup, configurations.exact_results_digest
    FROM configurations
    JOIN traces ON traces.id = configurations.trace
    JOIN scopes ON scopes.id = configurations.scope
    LEFT JOIN configuration_totals AS totals ON totals.configuration = configurations.id
    LEFT JOIN scope_totals AS dense ON dense.scope = configurations.scope
    LEFT JOIN kernel_medians AS timed ON timed.configuration = configurations.id
      AND timed.run = (SELECT max(run) FROM kernel_medians WHERE configuration = configurations.id);
    """
  }

  /// Of `totals` and `dense`: not by the view of bytes, which SQLite would make whole to join it.
  private static let byteColumns = """
    totals.per_head_bytes, totals.group_union_bytes, dense.per_head_bytes AS dense_per_head_bytes,
      dense.group_union_bytes AS dense_group_union_bytes,
      1.0 * totals.per_head_bytes / dense.per_head_bytes AS per_head_bytes_share,
      1.0 * totals.group_union_bytes / dense.group_union_bytes AS group_union_bytes_share,
      totals.resident_device_bytes, totals.resident_host_bytes, dense.resident_bytes AS dense_resident_bytes
    """
}
