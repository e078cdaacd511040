import GRDB

extension Schema {
  /// Version 9: what hot buffers before a cache on the host found.
  ///
  /// By KV head, which has a buffer of its own; a configuration without one has no rows, and its summary none of the values.
  static func countHotBuffers(_ db: Database) throws {
    try remake("''", replacing: ["summary": summaryView(bufferedColumns)], db) {
      try db.execute(sql: hotTables)
      try db.execute(sql: hotColumns)
    }
    try db.execute(sql: hotView)
  }

  private static let hotTotals = ["hot_hit_share", "hot_misses"]

  /// Those of version 8, and what a hot buffer found.
  static let bufferedColumns = projectedColumns + hotTotals

  static let hotColumns = hotTotals.map {
    "ALTER TABLE configuration_totals ADD COLUMN \($0) REAL;"
  }.joined(separator: "\n")

  static let hotTables = """
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
    """

  /// Parameters that a configuration leaves at their defaults are not in its text.
  static let hotView = """
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
    """

  /// The part of a configuration's totals that version 9 brought.
  ///
  /// - Parameter filter: a WHERE clause on `configuration`.
  static func hotTotals(_ filter: String) -> String {
    """
    UPDATE configuration_totals SET
      hot_hit_share = (SELECT 1.0 * sum(hits) / nullif(sum(hits + misses), 0) FROM hot_groups \(filter)),
      hot_misses = (SELECT 1.0 * sum(misses) / sum(step_count) FROM hot_groups \(filter)) \(filter)
    """
  }
}
