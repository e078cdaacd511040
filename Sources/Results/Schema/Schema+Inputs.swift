extension Schema {
  /// What was replayed, by whom, and which part of it was scored.
  ///
  /// `scopes` are rows of their own so that two configurations are comparable exactly where they share
  /// one, and so that dense attention's bytes are kept once for all of them.
  static let inputTables = """
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
      exact_results_digest TEXT CHECK (length(exact_results_digest) = 64)
    ) STRICT;

    CREATE TABLE scopes (
      id INTEGER PRIMARY KEY,
      trace INTEGER NOT NULL REFERENCES traces (id) ON DELETE CASCADE,
      layers TEXT NOT NULL,
      query_heads TEXT NOT NULL,
      steps TEXT NOT NULL,
      layer_count INTEGER NOT NULL CHECK (layer_count > 0),
      query_head_count INTEGER NOT NULL CHECK (query_head_count > 0),
      step_count INTEGER NOT NULL CHECK (step_count > 0),
      UNIQUE (trace, layers, query_heads, steps),
      UNIQUE (id, trace)
    ) STRICT;
    """
}
