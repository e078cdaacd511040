import GRDB
import GRDBSQLite

/// The rows of a query as values of stated types, one after the other.
///
/// Reads through SQLite's own interface, as ``BulkInsert`` writes: a table of steps has millions of rows, and GRDB's rows take
/// as long to make as their text.
struct ExportedRows {
  private let db: Database
  private let statement: Statement
  private let types: [ColumnType]
  private var values: [ExportedValue]

  /// - Parameter types: of the query's columns, in their order.
  init(_ db: Database, sql: String, arguments: StatementArguments, types: [ColumnType]) throws {
    self.db = db
    self.types = types
    statement = try db.makeStatement(sql: sql)
    try statement.setArguments(arguments)
    values = Array(repeating: .null, count: types.count)
  }

  /// Calls `body` with each row.
  ///
  /// - Returns: how many there were.
  mutating func forEach(_ body: ([ExportedValue]) throws -> Void) throws -> Int {
    defer { sqlite3_reset(statement.sqliteStatement) }
    var count = 0
    while try step() {
      // One array for all rows, so that none is made for each.
      for (place, type) in types.enumerated() { values[place] = value(Int32(place), as: type) }
      try body(values)
      count += 1
    }
    return count
  }

  /// Whether there is a row more.
  private func step() throws -> Bool {
    let code = sqlite3_step(statement.sqliteStatement)
    guard code == SQLITE_ROW || code == SQLITE_DONE else {
      throw DatabaseError(
        resultCode: ResultCode(rawValue: code), message: db.lastErrorMessage, sql: statement.sql)
    }
    return code == SQLITE_ROW
  }

  /// What is not of the column's type, or no finite number, is null; the schema has neither.
  private func value(_ place: Int32, as type: ColumnType) -> ExportedValue {
    let row = statement.sqliteStatement
    switch (sqlite3_column_type(row, place), type) {
    case (SQLITE_INTEGER, .integer): return .integer(sqlite3_column_int64(row, place))
    case (SQLITE_INTEGER, .real): return .real(Double(sqlite3_column_int64(row, place)))
    case (SQLITE_INTEGER, .text): return .text("\(sqlite3_column_int64(row, place))")
    case (SQLITE_FLOAT, .real), (SQLITE_FLOAT, .text):
      let number = sqlite3_column_double(row, place)
      guard number.isFinite else { return .null }
      return type == .real ? .real(number) : .text("\(number)")
    case (SQLITE_TEXT, .text):
      // Without memory for it there is none. A foreign text may have a zero in it.
      guard let text = sqlite3_column_text(row, place) else { return .null }
      let bytes = UnsafeBufferPointer(start: text, count: Int(sqlite3_column_bytes(row, place)))
      return .text(String(decoding: bytes, as: UTF8.self))
    default: return .null
    }
  }
}
