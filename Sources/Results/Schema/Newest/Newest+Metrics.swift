extension Schema.Newest {
  /// What choices are worth: by head, by step, by layer, and in all.
  static let metrics = """
    CREATE TABLE head_summaries (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      query_head INTEGER NOT NULL CHECK (query_head >= 0),
      kv_head INTEGER NOT NULL CHECK (kv_head >= 0),
      step_count INTEGER NOT NULL CHECK (step_count > 0),
      recall_count INTEGER NOT NULL CHECK (recall_count >= 0),
      recall_mean REAL, recall_p5 REAL, recall_p50 REAL, recall_p95 REAL,
      precision_count INTEGER NOT NULL CHECK (precision_count >= 0),
      precision_mean REAL, precision_p5 REAL, precision_p50 REAL, precision_p95 REAL,
      mass_count INTEGER NOT NULL CHECK (mass_count >= 0),
      mass_mean REAL, mass_p5 REAL, mass_p50 REAL, mass_p95 REAL,
      oracle_mass_count INTEGER NOT NULL CHECK (oracle_mass_count >= 0),
      oracle_mass_mean REAL, oracle_mass_p5 REAL, oracle_mass_p50 REAL, oracle_mass_p95 REAL,
      mass_ratio_count INTEGER NOT NULL CHECK (mass_ratio_count >= 0),
      mass_ratio_mean REAL, mass_ratio_p5 REAL, mass_ratio_p50 REAL, mass_ratio_p95 REAL,
      output_error_count INTEGER NOT NULL CHECK (output_error_count >= 0),
      output_error_mean REAL, output_error_p5 REAL, output_error_p50 REAL, output_error_p95 REAL,
      oracle_output_error_count INTEGER NOT NULL CHECK (oracle_output_error_count >= 0),
      oracle_output_error_mean REAL, oracle_output_error_p5 REAL, oracle_output_error_p50 REAL,
      oracle_output_error_p95 REAL,
      selected_count INTEGER NOT NULL CHECK (selected_count >= 0),
      selected_mean REAL, selected_p5 REAL, selected_p50 REAL, selected_p95 REAL,
      visible_count INTEGER NOT NULL CHECK (visible_count >= 0),
      visible_mean REAL, visible_p5 REAL, visible_p50 REAL, visible_p95 REAL,
      group_union_count INTEGER NOT NULL CHECK (group_union_count >= 0),
      group_union_mean REAL, group_union_p5 REAL, group_union_p50 REAL, group_union_p95 REAL,
      jaccard_previous_count INTEGER NOT NULL CHECK (jaccard_previous_count >= 0),
      jaccard_previous_mean REAL, jaccard_previous_p5 REAL, jaccard_previous_p50 REAL, jaccard_previous_p95 REAL,
      output_norm_sum REAL, weighted_output_error REAL,
      PRIMARY KEY (configuration, layer, query_head)
    ) STRICT;
    CREATE TABLE steps (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      query_head INTEGER NOT NULL CHECK (query_head >= 0),
      step INTEGER NOT NULL CHECK (step >= 0),
      position INTEGER NOT NULL CHECK (position >= 0),
      recall REAL,
      precision REAL,
      mass REAL,
      oracle_mass REAL,
      mass_ratio REAL,
      output_error REAL,
      oracle_output_error REAL,
      selected INTEGER,
      visible INTEGER,
      group_union INTEGER,
      jaccard_previous REAL, output_norm REAL,
      PRIMARY KEY (configuration, layer, query_head, step)
    ) STRICT;
    CREATE TABLE configuration_totals (
      configuration INTEGER PRIMARY KEY REFERENCES configurations (id) ON DELETE CASCADE,
      recall REAL, lowest_head_recall REAL, precision REAL, mass REAL, oracle_mass REAL, mass_ratio REAL,
      output_error REAL, highest_head_output_error REAL, oracle_output_error REAL, selected REAL, visible REAL,
      group_union REAL, jaccard_previous REAL, selected_share REAL, tokens_read_share REAL,
      output_errors_undefined INTEGER NOT NULL CHECK (output_errors_undefined >= 0),
      per_head_bytes INTEGER,
      group_union_bytes INTEGER,
      resident_device_bytes INTEGER,
      resident_host_bytes INTEGER,
      weighted_output_error REAL, projected_output_error REAL, hot_hit_share REAL, hot_misses REAL, freed_block_share REAL
    ) STRICT;
    CREATE TABLE scope_totals (
      scope INTEGER PRIMARY KEY REFERENCES scopes (id) ON DELETE CASCADE,
      per_head_bytes INTEGER,
      group_union_bytes INTEGER,
      resident_bytes INTEGER
    ) STRICT;
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
}
