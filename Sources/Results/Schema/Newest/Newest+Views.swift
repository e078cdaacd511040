extension Schema.Newest {
  /// What is asked of the tables.
  static let views = """
    CREATE VIEW comparison AS
    SELECT a.id AS configuration_a, b.id AS configuration_b, a.trace, a.scope, a.label AS label_a,
      b.label AS label_b, ha.layer, ha.query_head, ha.kv_head, ha.step_count,
      ha.recall_mean AS recall_a, hb.recall_mean AS recall_b,
      CASE WHEN ha.recall_count = hb.recall_count THEN hb.recall_mean - ha.recall_mean END
        AS recall_difference,
      ha.mass_mean AS mass_a, hb.mass_mean AS mass_b,
      CASE WHEN ha.mass_count = hb.mass_count THEN hb.mass_mean - ha.mass_mean END
        AS mass_difference,
      ha.mass_ratio_mean AS mass_ratio_a, hb.mass_ratio_mean AS mass_ratio_b,
      CASE WHEN ha.mass_ratio_count = hb.mass_ratio_count THEN hb.mass_ratio_mean - ha.mass_ratio_mean END
        AS mass_ratio_difference,
      ha.output_error_mean AS output_error_a, hb.output_error_mean AS output_error_b,
      CASE WHEN ha.output_error_count = hb.output_error_count THEN hb.output_error_mean - ha.output_error_mean END
        AS output_error_difference,
      ha.selected_mean AS selected_a, hb.selected_mean AS selected_b,
      CASE WHEN ha.selected_count = hb.selected_count THEN hb.selected_mean - ha.selected_mean END
        AS selected_difference,
      ha.group_union_mean AS group_union_a, hb.group_union_mean AS group_union_b,
      CASE WHEN ha.group_union_count = hb.group_union_count THEN hb.group_union_mean - ha.group_union_mean END
        AS group_union_difference,
      ha.weighted_output_error AS weighted_output_error_a, hb.weighted_output_error AS weighted_output_error_b,
      CASE WHEN ha.output_error_count = hb.output_error_count
        THEN hb.weighted_output_error - ha.weighted_output_error END AS weighted_output_error_difference
    FROM configurations AS a
    JOIN configurations AS b ON b.scope = a.scope AND b.id <> a.id
    JOIN head_summaries AS ha ON ha.configuration = a.id
    JOIN head_summaries AS hb
      ON hb.configuration = b.id AND hb.layer = ha.layer AND hb.query_head = ha.query_head;
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
    CREATE VIEW modelled_speedups AS
    SELECT configuration, hardware, hardware_digest, geometry, context_tokens, batch, reading,
      sum(CASE WHEN stage <> 'dense' THEN duration_ns END) AS policy_ns,
      sum(CASE WHEN stage = 'dense' THEN duration_ns END) AS dense_ns,
      sum(CASE WHEN stage = 'dense' THEN duration_ns END) / sum(CASE WHEN stage <> 'dense' THEN duration_ns END)
        AS modelled_speedup,
      sum(CASE WHEN stage <> 'dense' THEN moved_bytes END) AS moved_bytes,
      max(relative_error_p50) AS relative_error_p50, max(relative_error_p90) AS relative_error_p90,
      max(relative_error_mean) AS relative_error_mean, max(extrapolated) AS extrapolated
    FROM modelled
    GROUP BY configuration, hardware, hardware_digest, geometry, context_tokens, batch, reading;
    CREATE VIEW quality AS
    SELECT configuration, recall, lowest_head_recall, precision, mass, oracle_mass, mass_ratio, output_error,
      weighted_output_error, projected_output_error, highest_head_output_error, oracle_output_error, selected, visible,
      group_union, jaccard_previous, selected_share, tokens_read_share, output_errors_undefined
    FROM configuration_totals;
    CREATE VIEW bytes AS
    SELECT totals.configuration, totals.per_head_bytes, totals.group_union_bytes,
      dense.per_head_bytes AS dense_per_head_bytes,
      dense.group_union_bytes AS dense_group_union_bytes,
      1.0 * totals.per_head_bytes / dense.per_head_bytes AS per_head_bytes_share,
      1.0 * totals.group_union_bytes / dense.group_union_bytes AS group_union_bytes_share,
      totals.resident_device_bytes, totals.resident_host_bytes, dense.resident_bytes AS dense_resident_bytes
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
    CREATE VIEW summary AS
    SELECT configurations.id AS configuration, configurations.identity, configurations.build,
      configurations.run, traces.digest AS trace_digest, traces.model_name, traces.text_title, configurations.policy,
      configurations.kind, configurations.label, configurations.parameters, configurations.budget,
      configurations.seed, configurations.scope, scopes.layers, scopes.query_heads, scopes.steps,
      scopes.positions, scopes.step_count, totals.recall, totals.lowest_head_recall, totals.precision, totals.mass,
      totals.oracle_mass, totals.mass_ratio, totals.output_error, totals.weighted_output_error,
      totals.projected_output_error, totals.highest_head_output_error, totals.oracle_output_error, totals.selected,
      totals.visible, totals.group_union, totals.jaccard_previous, totals.selected_share, totals.tokens_read_share,
      totals.hot_hit_share, totals.hot_misses, totals.freed_block_share,
      totals.output_errors_undefined, totals.per_head_bytes, totals.group_union_bytes,
      dense.per_head_bytes AS dense_per_head_bytes,
      dense.group_union_bytes AS dense_group_union_bytes,
      1.0 * totals.per_head_bytes / dense.per_head_bytes AS per_head_bytes_share,
      1.0 * totals.group_union_bytes / dense.group_union_bytes AS group_union_bytes_share,
      totals.resident_device_bytes, totals.resident_host_bytes, dense.resident_bytes AS dense_resident_bytes,
      timed.run AS timing_run, timed.pairs AS timing_pairs,
      timed.dense_median_ns, timed.policy_median_ns,
      timed.dense_median_ns / timed.policy_median_ns AS kernel_speedup, configurations.exact_results_digest
    FROM configurations
    JOIN traces ON traces.id = configurations.trace
    JOIN scopes ON scopes.id = configurations.scope
    LEFT JOIN configuration_totals AS totals ON totals.configuration = configurations.id
    LEFT JOIN scope_totals AS dense ON dense.scope = configurations.scope
    LEFT JOIN kernel_medians AS timed ON timed.configuration = configurations.id
      AND timed.run = (SELECT max(run) FROM kernel_medians WHERE configuration = configurations.id);
    CREATE VIEW work AS
    WITH groups AS (
      SELECT configuration, count(*) AS n FROM residency GROUP BY configuration)
    SELECT traffic.configuration, stage, kernel, content, tier, pattern, piece_bytes, row_bytes, bits,
      1.0 * sum(read_group_union_bytes) / nullif(row_bytes, 0) / (max(n) * max(step_count)) AS rows,
      1.0 * sum(read_per_head_bytes) / nullif(sum(read_group_union_bytes), 0) AS heads_per_row,
      1.0 * sum(read_per_head_bytes) / (max(n) * max(step_count)) AS read_per_head_bytes,
      1.0 * sum(read_group_union_bytes) / (max(n) * max(step_count)) AS read_group_union_bytes,
      1.0 * sum(written_bytes) / (max(n) * max(step_count)) AS written_bytes
    FROM traffic
    JOIN groups ON groups.configuration = traffic.configuration
    JOIN configurations ON configurations.id = traffic.configuration
    JOIN scopes ON scopes.id = configurations.scope
    GROUP BY traffic.configuration, stage, kernel, content, tier, pattern, piece_bytes, row_bytes, bits;
    CREATE VIEW layer_quality AS
    SELECT configuration, layer, sum(recall_mean * recall_count) / sum(recall_count) AS recall,
      sum(mass_mean * mass_count) / sum(mass_count) AS mass,
      sum(output_error_mean * output_error_count) / sum(output_error_count) AS output_error,
      sum(weighted_output_error * output_norm_sum) / sum(output_norm_sum) AS weighted_output_error,
      sum(output_norm_sum) AS output_norm_sum,
      (SELECT projected_output_error FROM layer_summaries AS whole
        WHERE whole.configuration = heads.configuration AND whole.layer = heads.layer) AS projected_output_error,
      (SELECT projected_output_norm_sum FROM layer_summaries AS whole
        WHERE whole.configuration = heads.configuration AND whole.layer = heads.layer) AS projected_output_norm_sum
    FROM head_summaries AS heads GROUP BY configuration, layer;
    CREATE VIEW live_summary AS
    SELECT live_rows.id AS live_row, live_run, task, model_name, engine, text_title, prompt_tokens, step_count, sampling,
      policy,
      label, budget, nll, nll - first_value(nll) OVER by_row AS nll_difference, kl, kl_low, kl_high, noise_floor_kl,
      flipped,
      parted_at, keys.found AS keys_found, keys.asked AS keys_asked,
      recall, mass, output_error, weighted_output_error, mass_ratio, oracle_output_error, selected, visible,
      open_loop_recall, open_loop_mass, open_loop_output_error, open_loop_weighted_output_error, open_loop_mass_ratio,
      open_loop_oracle_output_error, open_loop_selected, open_loop_visible, read_bytes,
      1.0 * read_bytes / first_value(read_bytes) OVER by_row AS read_bytes_share
    FROM live_rows JOIN live_runs ON live_runs.id = live_run
    LEFT JOIN (SELECT live_row, sum(found) AS found, count(*) AS asked FROM live_keys GROUP BY live_row) AS keys
      ON keys.live_row = live_rows.id
    WINDOW by_row AS (PARTITION BY live_run ORDER BY row)
    ORDER BY live_run, row;
    CREATE VIEW hot_buffers AS
    SELECT configurations.id AS configuration, configurations.label, configurations.policy, configurations.budget,
      json_extract(parameters, '$.hot') AS buffer_tokens,
      coalesce(json_extract(parameters, '$."hot-order"'), 'lru') AS replacement,
      coalesce(json_extract(parameters, '$."hot-page"'), 1) AS page_tokens,
      coalesce(json_extract(parameters, '$."hot-start"'), 'first') AS start,
      1.0 * sum(hits) / nullif(sum(hits + misses), 0) AS hit_share,
      1.0 * sum(misses) / sum(step_count) AS misses,
      max(misses_p95) AS misses_p95, max(misses_max) AS misses_max,
      (SELECT sum(read_group_union_bytes) FROM traffic
        WHERE traffic.configuration = configurations.id AND tier = 'host') / max(step_count) AS link_bytes_per_step
    FROM hot_groups JOIN configurations ON configurations.id = hot_groups.configuration
    GROUP BY configurations.id;
    CREATE VIEW step_quality AS
    SELECT configuration, step, position, recall_sum / nullif(recall_count, 0) AS recall,
      mass_sum / nullif(mass_count, 0) AS mass, output_error_sum / nullif(output_error_count, 0) AS output_error,
      output_difference_sum / nullif(output_norm_sum, 0) AS weighted_output_error,
      projected_output_difference_sum / nullif(projected_output_norm_sum, 0) AS projected_output_error
    FROM step_sums;
    """
}
