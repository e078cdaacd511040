/// A column of a table: its title, its alignment and what it shows of a row, declared together, so that no title can stand over
/// another column's values.
package struct Column<Row> {
  let shape: TextTable.Shape
  let text: (Row) -> String

  /// - Parameters:
  ///   - drop: when it is left out of a table that is too wide: the lowest number first, those of one number
  ///     together. Nil for never.
  ///   - isProse: whether it holds sentences, which are wrapped before any column is left out.
  package static func left(
    _ title: String, drop: Int? = nil, isProse: Bool = false, _ text: @escaping (Row) -> String
  ) -> Column {
    Column(shape: .init(title: title, alignment: .left, drop: drop, isProse: isProse), text: text)
  }

  /// - Parameter drop: as in ``left(_:drop:isProse:_:)``.
  package static func right(_ title: String, drop: Int? = nil, _ text: @escaping (Row) -> String) -> Column {
    Column(shape: .init(title: title, alignment: .right, drop: drop, isProse: false), text: text)
  }
}
