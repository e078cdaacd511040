import GRDB

extension Schema {
  /// Version 7: what policies do to a live model's answers.
  ///
  /// A live run is not one of `runs`: no trace was replayed, and an engine computed all but attention. Its rows are known by
  /// label, as `configurations` are.
  static let liveTables = """
    CREATE TABLE live_runs (
      id INTEGER PRIMARY KEY,
      identity TEXT NOT NULL UNIQUE CHECK (length(identity) = 64),
      task TEXT NOT NULL CHECK (task IN ('text', 'passkey')),
      stored_at TEXT NOT NULL,
      library TEXT NOT NULL,
      engine TEXT NOT NULL,
      model_name TEXT NOT NULL,
      model_architecture TEXT NOT NULL,
      model_weights TEXT NOT NULL,
      model_sha256 TEXT NOT NULL,
      text_title TEXT,
      text_sha256 TEXT,
      tokens_sha256 TEXT CHECK (length(tokens_sha256) = 64),
      prompt_tokens INTEGER NOT NULL CHECK (prompt_tokens > 0),
      step_count INTEGER CHECK (step_count > 0),
      sampling TEXT NOT NULL,
      settings TEXT NOT NULL CHECK (json_valid(settings)),
      gates TEXT CHECK (gates IS NULL OR json_valid(gates)),
      noise_floor_kl REAL,
      noise_floor_logits REAL,
      gates_s REAL,
      prompt_s REAL,
      steps_s REAL,
      CHECK ((task = 'text') = (tokens_sha256 IS NOT NULL)),
      CHECK ((task = 'text') = (step_count IS NOT NULL))
    ) STRICT;

    CREATE TABLE live_rows (
      id INTEGER PRIMARY KEY,
      live_run INTEGER NOT NULL REFERENCES live_runs (id) ON DELETE CASCADE,
      row INTEGER NOT NULL CHECK (row >= 0),
      policy TEXT NOT NULL,
      label TEXT NOT NULL,
      budget TEXT,
      calls INTEGER CHECK (calls >= 0),
      nll REAL,
      kl REAL,
      kl_low REAL,
      kl_high REAL,
      flipped REAL CHECK (flipped BETWEEN 0 AND 1),
      parted_at INTEGER,
      \(liveColumns(liveRowMetrics))
      read_bytes INTEGER CHECK (read_bytes >= 0),
      choices_digest TEXT CHECK (length(choices_digest) = 64),
      UNIQUE (live_run, row)
    ) STRICT;

    CREATE TABLE live_steps (
      live_row INTEGER NOT NULL REFERENCES live_rows (id) ON DELETE CASCADE,
      step INTEGER NOT NULL CHECK (step >= 0),
      position INTEGER NOT NULL CHECK (position >= 0),
      nll REAL,
      kl REAL,
      flipped INTEGER CHECK (flipped IN (0, 1)),
      \(liveColumns(livePartMetrics))
      PRIMARY KEY (live_row, step)
    ) STRICT;

    CREATE TABLE live_layers (
      live_row INTEGER NOT NULL REFERENCES live_rows (id) ON DELETE CASCADE,
      layer INTEGER NOT NULL CHECK (layer >= 0),
      \(liveColumns(livePartMetrics))
      PRIMARY KEY (live_row, layer)
    ) STRICT;

    CREATE TABLE live_keys (
      live_row INTEGER NOT NULL REFERENCES live_rows (id) ON DELETE CASCADE,
      context_length INTEGER NOT NULL CHECK (context_length > 0),
      depth REAL NOT NULL CHECK (depth BETWEEN 0 AND 1),
      number INTEGER NOT NULL CHECK (number >= 0),
      seed TEXT NOT NULL,
      key TEXT NOT NULL,
      context_tokens INTEGER NOT NULL CHECK (context_tokens > 0),
      found INTEGER NOT NULL CHECK (found IN (0, 1)),
      nll REAL,
      kl REAL,
      PRIMARY KEY (live_row, context_length, depth, number, seed)
    ) STRICT;

    CREATE VIEW live_summary AS
    SELECT live_rows.id AS live_row, live_run, task, model_name, engine, text_title, prompt_tokens, step_count, sampling, policy,
      label, budget, nll, nll - first_value(nll) OVER by_row AS nll_difference, kl, kl_low, kl_high, noise_floor_kl, flipped,
      parted_at, keys.found AS keys_found, keys.asked AS keys_asked,
      \(liveNames(liveRowMetrics).joined(separator: ", ")), read_bytes,
      1.0 * read_bytes / first_value(read_bytes) OVER by_row AS read_bytes_share
    FROM live_rows JOIN live_runs ON live_runs.id = live_run
    LEFT JOIN (SELECT live_row, sum(found) AS found, count(*) AS asked FROM live_keys GROUP BY live_row) AS keys
      ON keys.live_row = live_rows.id
    WINDOW by_row AS (PARTITION BY live_run ORDER BY row)
    ORDER BY live_run, row;
    """

  /// Of a whole row: metrics on its own caches, and the same where its policy is asked about the dense row's.
  static let liveRowMetrics = livePartMetrics + ["mass_ratio", "oracle_output_error", "selected", "visible"]

  /// Of a step or a layer.
  static let livePartMetrics = ["recall", "mass", "output_error", "weighted_output_error"]

  static func liveNames(_ metrics: [String]) -> [String] { metrics + metrics.map { "open_loop_\($0)" } }

  private static func liveColumns(_ metrics: [String]) -> String {
    liveNames(metrics).map { "\($0) REAL," }.joined(separator: "\n  ")
  }

  static let liveSummaryTypes = (
    integers: "live_row live_run prompt_tokens step_count parted_at keys_found keys_asked read_bytes",
    reals: """
    nll nll_difference kl kl_low kl_high noise_floor_kl flipped read_bytes_share
    \(liveNames(liveRowMetrics).joined(separator: " "))
    """, texts: "task model_name engine text_title sampling policy label budget"
  )
}
