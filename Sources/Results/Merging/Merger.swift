import GRDB

/// Takes the rows of one database into another, inside a transaction, the other attached as ``part``.
///
/// Rows that others refer to are known again by a ``MergeKey`` and get ids of their own otherwise; what refers to them follows.
struct Merger {
  /// The other database's name in SQL.
  static let part = "part"

  let db: Database
  let tables: [MergedTable]
  /// Rows of the other's `configurations` to take; nil for all.
  var chosen: Set<Int64>?

  /// By the ids of the other database, those of the rows here.
  struct Taken {
    var configurations: [Int64: Int64] = [:]
    var runs: [Int64: Int64] = [:]
    /// Configurations that were not there.
    var added = 0
  }

  /// Takes all rows.
  func run() throws -> Taken {
    for table in tables {
      if let key = MergeKey.all[table.name] {
        try map(table, by: key)
        try insertNew(table)
        try fill(table, key.filled)
      } else {
        try insertRows(of: table)
      }
    }
    try markReproduced()
    func ids(_ table: String) throws -> [Int64: Int64] {
      let rows = try Row.fetchAll(db, sql: "SELECT old, new FROM \(MergedTable.map(table))")
      return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.value("old"), try $0.value("new")) })
    }
    let new = "SELECT count(*) FROM \(MergedTable.map("configurations")) WHERE is_new"
    return Taken(
      configurations: try ids("configurations"), runs: try ids("runs"),
      added: try Int.fetchOne(db, sql: new) ?? 0)
  }

  /// Finds the rows that are there, and gives ids to the others, in their order.
  private func map(_ table: MergedTable, by key: MergeKey) throws {
    let map = MergedTable.map(table.name)
    try db.execute(
      sql: """
        CREATE TABLE IF NOT EXISTS \(map) (old INTEGER PRIMARY KEY, new INTEGER NOT NULL, is_new INTEGER NOT NULL);
        DELETE FROM \(map);
        """)
    let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM main.\(table.name)") ?? 0
    try db.execute(
      sql: """
        WITH found AS (
          SELECT source.id AS old,
            (SELECT min(known.id) FROM main.\(table.name) AS known WHERE \(key.condition(table))) AS known
          FROM \(Self.part).\(table.name) AS source \(table.joins(inner: Set(table.references.keys)))
          WHERE \(table.name == "configurations" ? isChosen("source") : "true"))
        INSERT INTO \(map) (old, new, is_new)
        SELECT old, coalesce(known, ? + row_number() OVER (PARTITION BY known IS NULL ORDER BY old)), known IS NULL
        FROM found
        """, arguments: [last])
  }

  /// The condition that a row of the other's `configurations` is to be taken.
  func isChosen(_ row: String) -> String {
    chosen.map { "\(row).id IN (\($0.sorted().map(String.init).joined(separator: ", ")))" } ?? "true"
  }

  private func insertNew(_ table: MergedTable) throws {
    try db.execute(
      sql: """
        INSERT INTO main.\(table.name) (id, \(table.columns.joined(separator: ", ")))
        SELECT own.new, \(table.values)
        FROM \(MergedTable.map(table.name)) AS own JOIN \(Self.part).\(table.name) AS source ON source.id = own.old
          \(table.joins())
        WHERE own.is_new ORDER BY own.new
        """)
  }

  /// What was not known of a row when it came, and is now: the end of a run, say.
  private func fill(_ table: MergedTable, _ columns: [String]) throws {
    for column in columns {
      try db.execute(
        sql: """
          UPDATE main.\(table.name) AS known SET \(column) = source.\(column)
          FROM \(MergedTable.map(table.name)) AS own JOIN \(Self.part).\(table.name) AS source ON source.id = own.old
          WHERE own.new = known.id AND NOT own.is_new AND known.\(column) IS NULL AND source.\(column) IS NOT NULL
          """)
    }
  }

  /// Rows that nothing refers to: of new owners all, of known ones where nothing of theirs is there.
  private func insertRows(of table: MergedTable) throws {
    let owners = Set(table.references.keys)
    let isNew = owners.sorted().map { "to_\($0).is_new" }.joined(separator: " OR ")
    let alike =
      owners.sorted().map { "known.\($0) = to_\($0).new" }
      + (Self.apart[table.name] ?? []).map { "known.\($0) = source.\($0)" }
    let there =
      "EXISTS (SELECT 1 FROM main.\(table.name) AS known WHERE \(alike.joined(separator: " AND ")))"
    for filter in ["(\(isNew))", "NOT (\(isNew)) AND NOT \(there)"] {
      try db.execute(
        sql: """
          INSERT INTO main.\(table.name) (\(table.columns.joined(separator: ", ")))
          SELECT \(table.values) FROM \(Self.part).\(table.name) AS source \(table.joins(inner: owners))
          WHERE \(filter) ON CONFLICT DO NOTHING
          """)
    }
  }

  /// Columns by which rows of one owner may come at several times: prices of other machines, keys of a later live run.
  private static let apart = [
    "modelled": ["hardware_digest", "geometry", "context_tokens", "batch", "reading"],
    "live_keys": ["context_length", "depth", "number", "seed"],
  ]

  /// A run that stored what another one had stored elsewhere is one that reproduced it.
  private func markReproduced() throws {
    try db.execute(
      sql: """
        UPDATE main.run_configurations AS asked SET role = 'reproduced'
        FROM \(MergedTable.map("configurations")) AS own JOIN main.configurations AS stored ON stored.id = own.new
        WHERE NOT own.is_new AND asked.configuration = own.new AND asked.role = 'stored' AND asked.run <> stored.run
        """)
  }
}
