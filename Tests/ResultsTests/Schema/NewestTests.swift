import GRDB
import Testing

@testable import Results

/// A new file is made at once, and is what the migrations make of an empty one.
struct NewestTests {
  /// What a database is made of, by name.
  private func parts(_ database: DatabaseQueue) throws -> [String: String] {
    let query = "SELECT type || ' ' || name AS name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    return try database.read { db in
      Dictionary(uniqueKeysWithValues: try Row.fetchAll(db, sql: query).map { ($0["name"], $0["sql"]) })
    }
  }

  @Test func itIsWhatTheMigrationsMake() throws {
    let (migrated, made) = (try DatabaseQueue(), try DatabaseQueue())
    try Schema.migrator.migrate(migrated)
    #expect(try made.write(Schema.makeNewest))
    #expect(try parts(made) == parts(migrated))
    for query in ["PRAGMA application_id", "SELECT group_concat(identifier) FROM grdb_migrations"] {
      #expect(
        try made.read { try Row.fetchOne($0, sql: query) }
          == migrated.read { try Row.fetchOne($0, sql: query) })
    }
  }

  @Test func aFileThatHoldsSomethingIsLeftToTheMigrations() throws {
    let older = try DatabaseQueue()
    try Schema.migrator.migrate(older, upTo: "2: modelled speed-ups")
    let before = try parts(older)
    #expect(try !older.write(Schema.makeNewest))
    #expect(try parts(older) == before)
  }
}
