import GRDB

extension Schema {
  static func isEmpty(_ db: Database) throws -> Bool {
    try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
  }

  /// The newest version's tables and views as they are, to make a new file of at once: the migrations make the same of
  /// an empty one in many times as long, since whatever is renamed or dropped is looked for in each view.
  enum Newest {
    static let parts = [inputs, metrics, costs, live, views]

    /// Makes an empty database one of the newest version, in the transaction that it is called in.
    ///
    /// - Returns: whether it was empty: where another process made it meanwhile, nothing is done.
    static func make(_ db: Database) throws -> Bool {
      guard try isEmpty(db) else { return false }
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      // As GRDB names it, so that its migrator takes the file from here.
      try db.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
      for part in parts { try db.execute(sql: part) }
      for version in migrator.migrations {
        try db.execute(sql: "INSERT INTO grdb_migrations VALUES (?)", arguments: [version])
      }
      return true
    }
  }
}
