import GRDB

/// A table or view of the database, for export.
public struct ExportedView: Sendable, Equatable, Encodable {
  public let name: String
  /// `table` or `view`.
  public let type: String
  public let columns: [String]
}

/// A value of a row.
public enum ExportedValue: Sendable, Equatable {
  case null
  case integer(Int64)
  case real(Double)
  case text(String)
}

/// What all values of a column are, NULLs aside; a column of NULLs alone is text.
public enum ExportedType: String, Sendable, Equatable {
  case integer, real, text
}

extension ResultsStore {
  /// Tables and views in the order of their names, views first.
  public func exportedViews() throws -> [ExportedView] {
    try read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'
          AND name <> 'grdb_migrations' ORDER BY type = 'table', name
          """
      ).map { row in
        ExportedView(
          name: row["name"], type: row["type"], columns: try db.columns(in: row["name"]).map(\.name))
      }
    }
  }

  /// Calls `body` with each row of a table or view, in the order of its first column, from one snapshot.
  ///
  /// - Parameter types: called before the first row with the columns' types, which takes a pass of its own.
  /// - Throws: ``ResultsError`` where there is no such table or view.
  public func export(
    _ name: String, types: (([ExportedType]) throws -> Void)? = nil,
    body: ([ExportedValue]) throws -> Void
  ) throws {
    let views = try exportedViews()
    guard let view = views.first(where: { $0.name == name }) else {
      throw ResultsError(
        .unknownView, file: file, part: name,
        expected: "a table or view: \(views.map(\.name).joined(separator: ", "))", found: "none of that name",
        advice: "see their columns: fasa-sim export --list")
    }
    try read { db in
      try types?(try self.types(of: view, db))
      let rows = try Row.fetchCursor(db, sql: "SELECT * FROM \"\(name)\" ORDER BY 1")
      while let row = try rows.next() { try body(row.databaseValues.map(\.exported)) }
    }
  }

  /// SQLite types values, not columns: a column of which any value is text is text, else real, else integer.
  private func types(of view: ExportedView, _ db: Database) throws -> [ExportedType] {
    let ranks = view.columns.map { column in
      "max(CASE typeof(\"\(column)\") WHEN 'text' THEN 2 WHEN 'real' THEN 1 WHEN 'integer' THEN 0 END)"
    }
    let row = try Row.fetchOne(db, sql: "SELECT \(ranks.joined(separator: ", ")) FROM \"\(view.name)\"")
    return view.columns.indices.map { index in
      switch row?[index] as Int? {
      case 0: .integer
      case 1: .real
      default: .text
      }
    }
  }
}

extension DatabaseValue {
  fileprivate var exported: ExportedValue {
    switch storage {
    case .null: .null
    case .int64(let value): .integer(value)
    case .double(let value): .real(value)
    case .string(let text): .text(text)
    // The schema has no blobs.
    case .blob: .null
    }
  }
}
