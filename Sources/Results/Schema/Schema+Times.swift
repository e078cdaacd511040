extension Schema {
  /// Samples belong to the run that took them: a configuration has one exact result, but may be timed
  /// again, on another machine or another day. Modelled times carry their model's error beside them.
  static let timeTables = """
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
    """

  /// The middle of an odd number of ordered values, the mean of the two middle ones of an even number:
  /// SQLite has no median of its own.
  static func median(_ column: String, rank: String) -> String {
    "avg(CASE WHEN 2 * \(rank) BETWEEN n AND n + 2 THEN \(column) END)"
  }

  /// DuckDB runs these views by its own rules where it can: no integer division, no column that is neither
  /// grouped nor aggregated.
  ///
  /// A pair is one step of one KV group timed both ways; a step without its counterpart says nothing.
  static let timeViews = """
    CREATE VIEW kernel_stages AS
    WITH ranked AS (
      SELECT *, count(*) OVER (PARTITION BY configuration, run, stage) AS n,
        row_number() OVER (PARTITION BY configuration, run, stage ORDER BY duration_ns) AS place
      FROM kernel_samples)
    SELECT configuration, run, stage, n AS samples, \(median("duration_ns", rank: "place")) AS median_ns,
      min(duration_ns) AS min_ns, max(duration_ns) AS max_ns, avg(moved_bytes) AS mean_moved_bytes,
      1e9 * sum(moved_bytes) / sum(duration_ns) AS bandwidth_bytes_per_s,
      1e9 * sum(moved_bytes) / sum(duration_ns) / read_bandwidth_bytes_per_s AS read_bandwidth_share
    FROM ranked JOIN runs ON runs.id = ranked.run
    GROUP BY configuration, run, stage, n, read_bandwidth_bytes_per_s;

    CREATE VIEW kernel_speedups AS
    WITH pairs AS (
      SELECT configuration, run, sum(CASE WHEN stage = 'dense' THEN duration_ns END) AS dense_ns,
        sum(CASE WHEN stage <> 'dense' THEN duration_ns END) AS policy_ns
      FROM kernel_samples GROUP BY configuration, run, layer, kv_head, repeat
      HAVING dense_ns IS NOT NULL AND policy_ns IS NOT NULL),
    ranked AS (
      SELECT *, count(*) OVER (PARTITION BY configuration, run) AS n,
        row_number() OVER (PARTITION BY configuration, run ORDER BY dense_ns) AS dense_place,
        row_number() OVER (PARTITION BY configuration, run ORDER BY policy_ns) AS policy_place
      FROM pairs),
    medians AS (
      SELECT configuration, run, n AS pairs, \(median("dense_ns", rank: "dense_place")) AS dense_median_ns,
        \(median("policy_ns", rank: "policy_place")) AS policy_median_ns
      FROM ranked GROUP BY configuration, run, n)
    SELECT *, dense_median_ns / policy_median_ns AS kernel_speedup FROM medians;
    """
}
