extension Schema {
  private static let ledgerColumns = """
    layer INTEGER NOT NULL CHECK (layer >= 0),
      kv_head INTEGER NOT NULL CHECK (kv_head >= 0),
      content TEXT NOT NULL CHECK (content IN ('keys', 'values', 'metadata', 'scores', 'state')),
      tier TEXT NOT NULL CHECK (tier IN ('device', 'host')),
      pattern TEXT NOT NULL CHECK (pattern IN ('stream', 'gather')),
      row_bytes INTEGER NOT NULL CHECK ((pattern = 'gather') = (row_bytes > 0)),
      read_per_head_bytes INTEGER NOT NULL CHECK (read_per_head_bytes >= 0),
      read_group_union_bytes INTEGER NOT NULL CHECK (read_group_union_bytes >= 0),
      written_bytes INTEGER NOT NULL CHECK (written_bytes >= 0),
    """

  private static let residencyColumns = """
    layer INTEGER NOT NULL CHECK (layer >= 0),
      kv_head INTEGER NOT NULL CHECK (kv_head >= 0),
      resident_device_bytes INTEGER NOT NULL CHECK (resident_device_bytes >= 0),
      resident_host_bytes INTEGER NOT NULL CHECK (resident_host_bytes >= 0),
    """

  /// Dense attention's ledger has the same columns as a policy's but hangs on the scope: it is the same for
  /// every policy scored there. `row_bytes` is apart from `pattern` because machines price it.
  static let trafficTables = """
    CREATE TABLE traffic (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      \(ledgerColumns)
      PRIMARY KEY (configuration, layer, kv_head, content, tier, pattern, row_bytes)
    ) STRICT;

    CREATE TABLE residency (
      configuration INTEGER NOT NULL REFERENCES configurations (id) ON DELETE CASCADE,
      \(residencyColumns)
      PRIMARY KEY (configuration, layer, kv_head)
    ) STRICT;

    CREATE TABLE dense_traffic (
      scope INTEGER NOT NULL REFERENCES scopes (id) ON DELETE CASCADE,
      \(ledgerColumns)
      PRIMARY KEY (scope, layer, kv_head, content, tier, pattern, row_bytes)
    ) STRICT;

    CREATE TABLE dense_residency (
      scope INTEGER NOT NULL REFERENCES scopes (id) ON DELETE CASCADE,
      \(residencyColumns)
      PRIMARY KEY (scope, layer, kv_head)
    ) STRICT;
    """
}
