extension Schema.Newest {
  /// Bytes, times and prices.
  static let costs = """
    CREATE TABLE residency (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      kv_head INTEGER NOT NULL CHECK (kv_head >= 0),
      resident_device_bytes INTEGER NOT NULL CHECK (resident_device_bytes >= 0),
      resident_host_bytes INTEGER NOT NULL CHECK (resident_host_bytes >= 0),
      PRIMARY KEY (configuration, layer, kv_head)
    ) STRICT;
    CREATE TABLE dense_residency (
      scope INTEGER NOT NULL REFERENCES scopes (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      kv_head INTEGER NOT NULL CHECK (kv_head >= 0),
      resident_device_bytes INTEGER NOT NULL CHECK (resident_device_bytes >= 0),
      resident_host_bytes INTEGER NOT NULL CHECK (resident_host_bytes >= 0),
      PRIMARY KEY (scope, layer, kv_head)
    ) STRICT;
    CREATE TABLE kernel_samples (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      stage TEXT NOT NULL CHECK (stage IN ('dense', 'upkeep', 'score', 'select', 'attend')),
      layer INTEGER NOT NULL CHECK (layer >= 0),
      kv_head INTEGER NOT NULL CHECK (kv_head >= 0),
      repeat INTEGER NOT NULL CHECK (repeat >= 0),
      duration_ns INTEGER NOT NULL CHECK (duration_ns >= 0),
      moved_bytes INTEGER NOT NULL CHECK (moved_bytes >= 0),
      PRIMARY KEY (configuration, run, stage, layer, kv_head, repeat)
    ) STRICT;
    CREATE TABLE modelled (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      hardware TEXT NOT NULL,
      hardware_digest TEXT NOT NULL CHECK (length(hardware_digest) = 64),
      geometry TEXT NOT NULL,
      context_tokens INTEGER NOT NULL CHECK (context_tokens > 0),
      batch INTEGER NOT NULL CHECK (batch > 0),
      reading TEXT NOT NULL CHECK (reading IN ('per-head', 'group-union')),
      stage TEXT NOT NULL,
      duration_ns REAL NOT NULL CHECK (duration_ns >= 0),
      moved_bytes REAL NOT NULL CHECK (moved_bytes >= 0),
      relative_error_p50 REAL,
      relative_error_p90 REAL,
      relative_error_mean REAL,
      extrapolated INTEGER NOT NULL CHECK (extrapolated IN (0, 1)),
      PRIMARY KEY (configuration, hardware_digest, geometry, context_tokens, batch, reading, stage)
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
    CREATE TABLE traffic (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      kv_head INTEGER NOT NULL CHECK (kv_head >= 0),
      stage TEXT NOT NULL CHECK (stage IN ('upkeep', 'score', 'select', 'attend')),
      kernel TEXT NOT NULL CHECK (kernel IN ('rows', 'channels', 'vectors', 'low-bit', 'codes', 'buckets', 'matrix',
        'select', 'top-p', 'list', 'gather', 'stream', 'append', 'accumulate')),
      content TEXT NOT NULL CHECK (content IN ('keys', 'values', 'metadata', 'scores', 'state')),
      tier TEXT NOT NULL CHECK (tier IN ('device', 'host')),
      pattern TEXT NOT NULL CHECK (pattern IN ('stream', 'gather')),
      piece_bytes INTEGER NOT NULL CHECK ((pattern = 'gather') = (piece_bytes > 0)),
      row_bytes INTEGER NOT NULL CHECK (row_bytes >= 0),
      bits INTEGER NOT NULL CHECK (bits > 0),
      read_per_head_bytes INTEGER NOT NULL CHECK (read_per_head_bytes >= 0),
      read_group_union_bytes INTEGER NOT NULL CHECK (read_group_union_bytes >= 0),
      written_bytes INTEGER NOT NULL CHECK (written_bytes >= 0),
      PRIMARY KEY (configuration, layer, kv_head, stage, kernel, content, tier, pattern, piece_bytes, row_bytes, bits)
    ) STRICT;
    CREATE TABLE dense_traffic (
      scope INTEGER NOT NULL REFERENCES scopes (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      kv_head INTEGER NOT NULL CHECK (kv_head >= 0),
      stage TEXT NOT NULL CHECK (stage IN ('upkeep', 'score', 'select', 'attend')),
      kernel TEXT NOT NULL CHECK (kernel IN ('rows', 'channels', 'vectors', 'low-bit', 'codes', 'buckets', 'matrix',
        'select', 'top-p', 'list', 'gather', 'stream', 'append', 'accumulate')),
      content TEXT NOT NULL CHECK (content IN ('keys', 'values', 'metadata', 'scores', 'state')),
      tier TEXT NOT NULL CHECK (tier IN ('device', 'host')),
      pattern TEXT NOT NULL CHECK (pattern IN ('stream', 'gather')),
      piece_bytes INTEGER NOT NULL CHECK ((pattern = 'gather') = (piece_bytes > 0)),
      row_bytes INTEGER NOT NULL CHECK (row_bytes >= 0),
      bits INTEGER NOT NULL CHECK (bits > 0),
      read_per_head_bytes INTEGER NOT NULL CHECK (read_per_head_bytes >= 0),
      read_group_union_bytes INTEGER NOT NULL CHECK (read_group_union_bytes >= 0),
      written_bytes INTEGER NOT NULL CHECK (written_bytes >= 0),
      PRIMARY KEY (scope, layer, kv_head, stage, kernel, content, tier, pattern, piece_bytes, row_bytes, bits)
    ) STRICT;
    CREATE TABLE hot_groups (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      kv_head INTEGER NOT NULL CHECK (kv_head >= 0),
      step_count INTEGER NOT NULL CHECK (step_count > 0),
      hits INTEGER NOT NULL CHECK (hits >= 0),
      misses INTEGER NOT NULL CHECK (misses >= 0),
      misses_p50 REAL NOT NULL CHECK (misses_p50 >= 0),
      misses_p95 REAL NOT NULL CHECK (misses_p95 >= 0),
      misses_max INTEGER NOT NULL CHECK (misses_max >= 0),
      PRIMARY KEY (configuration, layer, kv_head)
    ) STRICT;
    CREATE TABLE hot_steps (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      kv_head INTEGER NOT NULL CHECK (kv_head >= 0),
      step INTEGER NOT NULL CHECK (step >= 0),
      position INTEGER NOT NULL CHECK (position >= 0),
      hits INTEGER NOT NULL CHECK (hits >= 0),
      misses INTEGER NOT NULL CHECK (misses >= 0),
      PRIMARY KEY (configuration, layer, kv_head, step)
    ) STRICT;
    CREATE TABLE freed_blocks (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      block_tokens INTEGER NOT NULL CHECK (block_tokens > 0),
      blocks INTEGER NOT NULL CHECK (blocks > 0),
      freed INTEGER NOT NULL CHECK (freed BETWEEN 0 AND blocks),
      PRIMARY KEY (configuration, layer)
    ) STRICT;
    """
}
