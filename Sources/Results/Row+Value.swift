import GRDB

extension Row {
  /// A column's value.
  ///
  /// GRDB's subscript ends the process where the value is not of the type that is asked for. What lies in a file may be
  /// anything, whatever the schema says, so every column of a stored row is read by this.
  ///
  /// - Throws: `RowDecodingError`, which ``ResultsError/translating(file:_:)`` tells as damage.
  func value<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
    try decode(Value.self, forColumn: column)
  }
}
