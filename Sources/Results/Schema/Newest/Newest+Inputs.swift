extension Schema.Newest {
  /// Traces, profiles and runs, and which configurations these have.
  static let inputs = """
    CREATE TABLE traces (
      id INTEGER PRIMARY KEY,
      digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
      path TEXT NOT NULL,
      file_bytes INTEGER NOT NULL CHECK (file_bytes >= 0),
      model_name TEXT NOT NULL,
      model_architecture TEXT NOT NULL,
      model_weights TEXT NOT NULL,
      model_sha256 TEXT NOT NULL,
      model_layers INTEGER NOT NULL CHECK (model_layers > 0),
      query_heads INTEGER NOT NULL CHECK (query_heads > 0),
      kv_heads INTEGER NOT NULL CHECK (kv_heads > 0 AND query_heads % kv_heads = 0),
      head_dim INTEGER NOT NULL CHECK (head_dim > 0),
      value_dim INTEGER NOT NULL CHECK (value_dim > 0),
      captured_layers TEXT NOT NULL,
      rope_pairing TEXT NOT NULL,
      rope_base REAL NOT NULL,
      rotary_dim INTEGER NOT NULL,
      sliding_window INTEGER,
      prompt_tokens INTEGER NOT NULL CHECK (prompt_tokens >= 0),
      decode_tokens INTEGER NOT NULL CHECK (decode_tokens >= 0),
      text_title TEXT NOT NULL,
      text_licence TEXT NOT NULL,
      text_kind TEXT NOT NULL,
      text_sha256 TEXT NOT NULL,
      capture_tool TEXT NOT NULL,
      capture_engine TEXT NOT NULL,
      capture_sampling TEXT NOT NULL,
      captured_at TEXT NOT NULL,
      metadata TEXT NOT NULL CHECK (json_valid(metadata))
    ) STRICT;
    CREATE TABLE runs (
      id INTEGER PRIMARY KEY,
      command_line TEXT NOT NULL,
      tool_version TEXT NOT NULL,
      git_commit TEXT,
      host_cpu TEXT NOT NULL,
      instruction_set TEXT NOT NULL,
      threads INTEGER NOT NULL CHECK (threads > 0),
      read_bandwidth_bytes_per_s REAL CHECK (read_bandwidth_bytes_per_s > 0),
      started_at TEXT NOT NULL,
      ended_at TEXT,
      exact_results_digest TEXT CHECK (length(exact_results_digest) = 64),
      kernel_threads INTEGER NOT NULL DEFAULT 1 CHECK (kernel_threads > 0), host TEXT
    ) STRICT;
    CREATE INDEX runs_by_start ON runs (started_at);
    CREATE TABLE run_configurations (
      run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      role TEXT NOT NULL CHECK (role IN ('stored', 'reproduced', 'reused')),
      PRIMARY KEY (run, configuration)
    ) STRICT;
    CREATE INDEX run_configurations_by_configuration ON run_configurations (configuration);
    CREATE TABLE profiles (
      id INTEGER PRIMARY KEY,
      digest TEXT NOT NULL UNIQUE CHECK (length(digest) = 64),
      version INTEGER NOT NULL,
      model_name TEXT NOT NULL,
      model_sha256 TEXT NOT NULL,
      model_layers INTEGER NOT NULL CHECK (model_layers > 0),
      query_heads INTEGER NOT NULL CHECK (query_heads > 0),
      kv_heads INTEGER NOT NULL CHECK (kv_heads > 0),
      head_dim INTEGER NOT NULL CHECK (head_dim > 0),
      slices TEXT NOT NULL CHECK (slices IN ('rope', 'adjacent')),
      pairing TEXT NOT NULL CHECK (pairing IN ('half', 'interleaved')),
      texts TEXT NOT NULL CHECK (json_valid(texts))
    ) STRICT;
    CREATE TABLE contextual_agreement (
      profile INTEGER NOT NULL REFERENCES profiles (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      window INTEGER NOT NULL CHECK (window > 0),
      query_head INTEGER NOT NULL CHECK (query_head >= 0),
      chunk INTEGER NOT NULL CHECK (chunk >= 0),
      agreement REAL CHECK (agreement BETWEEN 0 AND 1),
      PRIMARY KEY (profile, layer, window, query_head, chunk)
    ) STRICT;
    CREATE TABLE configurations (
      id INTEGER PRIMARY KEY,
      identity TEXT NOT NULL CHECK (length(identity) = 64),
      build TEXT CHECK (length(build) = 64),
      run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
      trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
      scope INTEGER NOT NULL,
      policy TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('selection', 'eviction', 'bound')),
      parameters TEXT NOT NULL CHECK (json_valid(parameters)),
      label TEXT NOT NULL,
      budget TEXT,
      calibration TEXT CHECK (calibration IN ('profile', 'own-queries')),
      profile_digest TEXT CHECK (length(profile_digest) = 64),
      calibration_texts TEXT CHECK (calibration_texts IS NULL OR json_valid(calibration_texts)),
      seed TEXT NOT NULL,
      exact_results_digest TEXT NOT NULL CHECK (length(exact_results_digest) = 64), prefetches INTEGER NOT NULL DEFAULT 0,
      UNIQUE (identity, build, exact_results_digest),
      FOREIGN KEY (scope, trace) REFERENCES scopes (id, trace) ON DELETE CASCADE,
      CHECK ((calibration IS 'profile') = (profile_digest IS NOT NULL)),
      CHECK ((calibration IS NULL) = (calibration_texts IS NULL))
    ) STRICT;
    CREATE INDEX configurations_by_scope ON configurations (scope, policy);
    CREATE INDEX configurations_by_run ON configurations (run);
    CREATE INDEX configurations_by_label ON configurations (label);
    CREATE TABLE scopes (
      id INTEGER PRIMARY KEY,
      trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
      layers TEXT NOT NULL,
      query_heads TEXT NOT NULL,
      steps TEXT NOT NULL,
      positions TEXT,
      layer_count INTEGER NOT NULL CHECK (layer_count > 0),
      query_head_count INTEGER NOT NULL CHECK (query_head_count > 0),
      step_count INTEGER NOT NULL CHECK (step_count > 0),
      UNIQUE (id, trace)
    ) STRICT;
    CREATE INDEX scopes_by_part ON scopes (trace, layers, query_heads, steps);
    """
}
