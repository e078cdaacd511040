import Attention
import GRDB

/// A table or view of the database, for export.
public struct ExportedView: Sendable, Equatable, Encodable {
  public struct Column: Sendable, Equatable, Encodable {
    public let name: String
    public let type: ColumnType
  }

  public let name: String
  /// `table` or `view`.
  public let type: String
  public let columns: [Column]
}

/// A value of a row, of its column's type or null.
public enum ExportedValue: Sendable, Equatable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
}

extension ResultsStore {
  /// Tables and views in the order of their names, views first.
  public func exportedViews() throws -> [ExportedView] { try read { db in try Self.exportedViews(db) } }

  private static func exportedViews(_ db: Database) throws -> [ExportedView] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT name, type, strict FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'view')
        AND name NOT LIKE 'sqlite_%' AND name <> 'grdb_migrations' ORDER BY type = 'table', name
        """
    ).map { row in
      try ExportedView(
        name: row.value("name"), type: row.value("type"),
        columns: columns(of: row.value("name"), isStrict: row.value("strict"), db))
    }
  }

  /// Types are the schema's, so that a column without a value has one too; only those of views and tables that somebody
  /// added are taken from the values, NULLs alone being text.
  private static func columns(of view: String, isStrict: Bool, _ db: Database) throws -> [ExportedView.Column]
  {
    let declared = try db.columns(in: view)
    var types = Schema.viewTypes[view] ?? [:]
    if isStrict { for column in declared { types[column.name] = ColumnType(declared: column.type) } }
    let unknown = declared.map(\.name).filter { types[$0] == nil }
    if !unknown.isEmpty {
      let ranks = unknown.map { name in
        "max(CASE typeof(\(name.sqlIdentifier)) WHEN 'text' THEN 2 WHEN 'real' THEN 1 WHEN 'integer' THEN 0 END)"
      }
      let row = try Row.fetchOne(
        db, sql: "SELECT \(ranks.joined(separator: ", ")) FROM \(view.sqlIdentifier)")
      for (place, name) in unknown.enumerated() {
        types[name] = ColumnType(rank: try row?.decode(Int?.self, atIndex: place))
      }
    }
    return declared.map { ExportedView.Column(name: $0.name, type: types[$0.name] ?? .text) }
  }

  /// Calls `body` with each row of a table or view, in the order of its first column, from one snapshot.
  ///
  /// - Parameters:
  ///   - only: rows of `configurations` that alone are exported; nil for all.
  ///   - columns: called once, before the first row.
  /// - Returns: the rows.
  /// - Throws: ``ResultsError`` where there is no such table or view, or it does not tell configurations apart.
  public func export(
    _ name: String, only: Set<Int64>? = nil, columns: ([ExportedView.Column]) throws -> Void,
    body: ([ExportedValue]) throws -> Void
  ) throws -> Int {
    try read { db in
      let views = try Self.exportedViews(db)
      guard let view = views.first(where: { $0.name == name }) else {
        throw ResultsError(
          .unknownView, file: file, part: name,
          expected: "a table or view", found: "none of that name",
          advice: NearestName.advice(for: name, among: views.map(\.name)))
      }
      let key = name == "configurations" ? "id" : "configuration"
      guard only == nil || view.columns.contains(where: { $0.name == key }) else {
        throw ResultsError(
          .unknownView, file: file, part: name, expected: "a table or view with rows of configurations",
          found: "one without", advice: "export all of it")
      }
      try columns(view.columns)
      var rows = try ExportedRows(
        db,
        sql: """
          SELECT * FROM \(name.sqlIdentifier)
          \(only == nil ? "" : "WHERE \(key) IN (SELECT value FROM json_each(?))") ORDER BY 1
          """, arguments: only.map { [Report.list($0.sorted())] } ?? [], types: view.columns.map(\.type))
      return try rows.forEach(body)
    }
  }
}

extension ColumnType {
  /// By the largest rank of a column's values; nil where it has none.
  fileprivate init(rank: Int?) {
    switch rank {
    case 0: self = .integer
    case 1: self = .real
    default: self = .text
    }
  }

  /// As a STRICT table declares it.
  fileprivate init?(declared: String) {
    switch declared.uppercased() {
    case "INT", "INTEGER": self = .integer
    case "REAL": self = .real
    case "TEXT": self = .text
    default: return nil
    }
  }
}
