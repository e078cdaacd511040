/// A column of a table: its title, its alignment and what it shows of a row, declared together, so that no title can stand over
/// another column's values.
package struct Column<Row> {
  let title: String
  let alignment: TextTable.Alignment
  let text: (Row) -> String

  package static func left(_ title: String, _ text: @escaping (Row) -> String) -> Column {
    Column(title: title, alignment: .left, text: text)
  }

  package static func right(_ title: String, _ text: @escaping (Row) -> String) -> Column {
    Column(title: title, alignment: .right, text: text)
  }
}
