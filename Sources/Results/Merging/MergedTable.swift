import GRDB

/// A table of the schema, as a merge sees it: what it refers to, and by what its rows are known again.
struct MergedTable: Sendable {
  let name: String
  /// All but `id`.
  let columns: [String]
  /// Whether others may refer to it by `id`.
  let hasID: Bool
  /// By column, the table whose `id` it holds.
  let references: [String: String]

  /// Tables in an order in which each comes after those that it refers to; a user's own are not among them.
  static func all() throws -> [MergedTable] { try known.get() }

  /// Found once: a new database has to be made for it.
  private static let known = Result { try find() }

  private static func find() throws -> [MergedTable] {
    // What a new database has: a file may have tables of its user's, too.
    let fresh = try DatabaseQueue()
    _ = try fresh.write(Schema.makeNewest)
    var left = try fresh.read { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT name FROM sqlite_master
          WHERE type = 'table' AND name <> 'grdb_migrations' AND name NOT LIKE 'sqlite_%' ORDER BY name
          """
      ).map { try MergedTable($0, db) }
    }
    var ordered: [MergedTable] = []
    while !left.isEmpty {
      let names = Set(left.map(\.name))
      let next = left.filter { $0.references.values.allSatisfy { !names.contains($0) } }
      precondition(!next.isEmpty, "tables refer to each other in a circle")
      ordered += next
      left.removeAll { table in next.contains { $0.name == table.name } }
    }
    return ordered
  }

  private init(_ name: String, _ db: Database) throws {
    self.name = name
    let all = try String.fetchAll(
      db, sql: "SELECT name FROM pragma_table_info(?) ORDER BY cid", arguments: [name])
    hasID = all.contains("id")
    columns = all.filter { $0 != "id" }
    let rows = try Row.fetchAll(
      db, sql: #"SELECT "from", "table" FROM pragma_foreign_key_list(?) WHERE "to" = 'id'"#, arguments: [name]
    )
    references = Dictionary(
      uniqueKeysWithValues: try rows.map { (try $0.value("from"), try $0.value("table")) })
  }

  /// Whether it is neither of live runs nor of profiles.
  var isOfReplays: Bool {
    let others = ["live_runs", "live_rows", "profiles"]
    return !others.contains(name) && !references.values.contains(where: others.contains)
  }

  /// The keeper of `old` and `new` ids of a table's rows, while one database is merged.
  static func map(_ table: String) -> String { "temp.merged_\(table)" }

  /// The rows `source` with what they refer to: joins of the maps, each called `to_COLUMN`.
  ///
  /// - Parameter inner: columns whose row must be there, or this one is passed over.
  func joins(inner: Set<String> = []) -> String {
    references.sorted { $0.key < $1.key }.map { column, table in
      "\(inner.contains(column) ? "" : "LEFT ")JOIN \(Self.map(table)) AS to_\(column) ON to_\(column).old = source.\(column)"
    }.joined(separator: " ")
  }

  /// A column's value in the merged database.
  func value(_ column: String) -> String {
    references[column] == nil ? "source.\(column)" : "to_\(column).new"
  }

  /// All columns' values.
  var values: String { columns.map(value).joined(separator: ", ") }
}
