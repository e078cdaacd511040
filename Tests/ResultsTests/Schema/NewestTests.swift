import GRDB
import Testing

@testable import Results

/// A new file is made at once, and is what the migrations make of an empty one.
struct NewestTests {
  /// What a database is made of, by name; spaces aside, and quotes that SQLite puts about a renamed table's name.
  private func parts(_ database: DatabaseQueue) throws -> [String: String] {
    try database.read { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT type || ' ' || name AS name, sql FROM sqlite_master WHERE sql IS NOT NULL")
      return Dictionary(
        uniqueKeysWithValues: rows.map { row -> (String, String) in
          let name: String = row["name"]
          let words = (row["sql"] as String).replacing(
            "\"\(name.split(separator: " ")[1])\"", with: name.split(separator: " ")[1])
          return (name, words.filter { !$0.isWhitespace })
        })
    }
  }

  @Test func itIsWhatTheMigrationsMake() throws {
    let (migrated, made) = (try DatabaseQueue(), try DatabaseQueue())
    try Schema.migrator.migrate(migrated)
    #expect(try made.write(Schema.Newest.make))
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
    #expect(try !older.write(Schema.Newest.make))
    #expect(try parts(older) == before)
  }
}
