extension String {
  /// The name of a table, view or column as SQL takes it, whatever is in it.
  ///
  /// GRDB's own `quotedDatabaseIdentifier` leaves quotation marks in the name as they are.
  var sqlIdentifier: String { "\"\(replacing("\"", with: "\"\""))\"" }
}
