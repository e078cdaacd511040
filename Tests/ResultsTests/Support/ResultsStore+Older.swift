import GRDB

@testable import Results

extension ResultsStore {
  /// The rows here, in a file `old.db` that has an older version's tables and views alone.
  func older(in folder: TemporaryFolder, version: String, also change: String = "") throws -> String {
    let (new, path) = (folder.path("new.db"), folder.path("old.db"))
    try database.writeWithoutTransaction { try $0.execute(sql: "VACUUM INTO ?", arguments: [new]) }
    let queue = try DatabaseQueue(path: path)
    try Schema.migrator.migrate(queue, upTo: version)
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: "PRAGMA foreign_keys = OFF; ATTACH '\(new)' AS new")
      let tables = try String.fetchAll(
        db,
        sql:
          "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT IN ('grdb_migrations', 'sqlite_sequence')"
      )
      for table in tables {
        let columns = try db.columns(in: table).map(\.name)
        // What is now the size of a piece was that of a row.
        let now = columns.map {
          table.hasSuffix("traffic") && !columns.contains("piece_bytes") && $0 == "row_bytes"
            ? "piece_bytes" : $0
        }
        try db.execute(
          sql: """
            INSERT INTO main.\(table) (\(columns.joined(separator: ", ")))
            SELECT \(now.joined(separator: ", ")) FROM new.\(table)
            """)
      }
      try db.execute(sql: change)
    }
    try queue.close()
    return path
  }
}
