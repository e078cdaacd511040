import GRDB

extension Schema {
  /// Version 5: bytes are those of operations, which say the stage and the kernel that moved them.
  ///
  /// Of what was stored before, both follow as prices took them to until then; how wide a row was that is not gathered is not
  /// known of it, and is 0.
  static func nameOperations(_ db: Database) throws {
    try remake("'traffic', 'dense_traffic'", db) {
      for (table, owner, parent) in [
        ("traffic", "configuration", "configurations"), ("dense_traffic", "scope", "scopes"),
      ] {
        try db.execute(sql: operations(table, owner, parent))
      }
      try db.execute(sql: prefetchesColumn)
      try db.execute(sql: "UPDATE configurations SET prefetches = 1 WHERE policy = 'infinigen'")
    }
    // Times of before are of one thread.
    try db.execute(sql: threadsColumn)
    try db.execute(sql: workView)
    try db.execute(sql: kernelGroupMedians(""))
  }

  static let prefetchesColumn = "ALTER TABLE configurations ADD COLUMN prefetches INTEGER NOT NULL DEFAULT 0;"

  static let threadsColumn =
    "ALTER TABLE runs ADD COLUMN kernel_threads INTEGER NOT NULL DEFAULT 1 CHECK (kernel_threads > 0);"

  /// Bits of a number in the cache, by what dense attention read.
  private static func elementBits(_ scope: String) -> String {
    """
    coalesce((SELECT CAST(round(8.0 * sum(read.read_group_union_bytes) / (max(totals.visible) * max(scopes.step_count)
        * count(DISTINCT 4096 * read.layer + read.kv_head) * max(traces.head_dim))) AS INTEGER)
      FROM dense_traffic AS read JOIN scopes ON scopes.id = read.scope JOIN traces ON traces.id = scopes.trace
      JOIN configuration_totals AS totals ON totals.configuration = (
        SELECT min(id) FROM configurations WHERE configurations.scope = read.scope)
      WHERE read.scope = \(scope) AND read.content = 'keys'), 16)
    """
  }

  static func operations(_ table: String, _ owner: String, _ parent: String) -> String {
    let scope =
      owner == "scope" ? "old.scope" : "(SELECT scope FROM configurations WHERE id = old.configuration)"
    let gathers = """
      EXISTS (SELECT 1 FROM \(table) AS other WHERE other.\(owner) = old.\(owner) AND content = 'values'
        AND pattern = 'gather')
      """
    let attends = """
      content = 'values' OR content = 'keys' AND (pattern = 'stream' AND NOT gathers OR row_bytes > 4)
      """
    return """
      CREATE TABLE new_\(table) (
        \(owner) INTEGER NOT NULL REFERENCES \(parent) (id) ON DELETE CASCADE,
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
        PRIMARY KEY (\(owner), layer, kv_head, stage, kernel, content, tier, pattern, piece_bytes, row_bytes, bits)
      ) STRICT;
      CREATE TEMP TABLE old_\(table) AS
        SELECT *, \(gathers) AS gathers, \(elementBits(scope)) AS element_bits FROM \(table) AS old;
      INSERT INTO new_\(table)
        SELECT \(owner), layer, kv_head,
          CASE WHEN \(attends) THEN 'attend' WHEN content = 'scores' THEN 'select' WHEN content = 'state' THEN 'upkeep'
            ELSE 'score' END,
          CASE WHEN content = 'scores' THEN 'select' WHEN content = 'state' THEN 'accumulate'
            WHEN \(attends) THEN CASE pattern WHEN 'gather' THEN 'gather' ELSE 'stream' END
            WHEN content = 'keys' THEN CASE pattern WHEN 'gather' THEN 'channels' ELSE 'rows' END
            ELSE 'vectors' END,
          content, tier, pattern, row_bytes, row_bytes, element_bits, read_per_head_bytes, read_group_union_bytes,
          CASE content WHEN 'state' THEN written_bytes ELSE 0 END
        FROM old_\(table) WHERE read_per_head_bytes > 0 OR read_group_union_bytes > 0 OR content = 'state'
        UNION ALL
        SELECT \(owner), layer, kv_head, CASE content WHEN 'scores' THEN 'score' ELSE 'upkeep' END,
          CASE content WHEN 'scores' THEN 'rows' ELSE 'append' END, content, tier, pattern, row_bytes, row_bytes,
          element_bits, 0, 0, written_bytes
        FROM old_\(table) WHERE written_bytes > 0 AND content <> 'state';
      DROP TABLE old_\(table);
      DROP TABLE \(table);
      ALTER TABLE new_\(table) RENAME TO \(table);
      """
  }

  /// What a person reads of a step: a row per operation, averaged over steps, layers and KV heads.
  static let workView = """
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
    """

  /// Version 5: a median is of one KV group, and of a configuration the mean over its groups. Policies treat layers and heads
  /// unlike each other, and a median over all of them would be that of the most usual one.
  ///
  /// - Parameter filter: a WHERE clause on `configuration` and `run`; empty for all.
  static func kernelGroupMedians(_ filter: String) -> String {
    """
    INSERT OR REPLACE INTO kernel_medians
    WITH pairs AS (
      SELECT configuration, run, layer, kv_head, sum(CASE WHEN stage = 'dense' THEN duration_ns END) AS dense_ns,
        sum(CASE WHEN stage <> 'dense' THEN duration_ns END) AS policy_ns
      FROM kernel_samples \(filter) GROUP BY configuration, run, layer, kv_head, repeat
      HAVING dense_ns IS NOT NULL AND policy_ns IS NOT NULL),
    ranked AS (
      SELECT *, count(*) OVER (PARTITION BY configuration, run, layer, kv_head) AS n,
        row_number() OVER (PARTITION BY configuration, run, layer, kv_head ORDER BY dense_ns) AS dense_place,
        row_number() OVER (PARTITION BY configuration, run, layer, kv_head ORDER BY policy_ns) AS policy_place
      FROM pairs),
    groups AS (
      SELECT configuration, run, n, \(median("dense_ns", rank: "dense_place")) AS dense,
        \(median("policy_ns", rank: "policy_place")) AS policy
      FROM ranked GROUP BY configuration, run, layer, kv_head, n)
    SELECT configuration, run, sum(n), avg(dense), avg(policy) FROM groups GROUP BY configuration, run
    """
  }
}
