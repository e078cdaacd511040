/// Columns of text, aligned.
package struct TextTable {
  enum Alignment { case left, right }

  /// What is known of a column before any row.
  struct Shape {
    let title: String
    let alignment: Alignment
    let drop: Int?
    let isProse: Bool
  }

  let shapes: [Shape]
  let rows: [[String]]

  /// A cell stays on its line, whatever name or text it quotes.
  package init<Row>(_ rows: some Sequence<Row>, _ columns: [Column<Row>]) {
    shapes = columns.map(\.shape)
    self.rows = rows.map { row in columns.map { $0.text(row).onOneLine } }
  }

  var header: [String] { shapes.map(\.title.onOneLine) }

  /// As Markdown writes tables.
  package var markdown: String {
    let rule = shapes.map { $0.alignment == .left ? "---" : "---:" }
    return ([header, rule] + rows).map { row in
      "| \(row.map(\.inMarkdown).joined(separator: " | ")) |"
    }.joined(separator: "\n")
  }

  /// As wide as it is.
  package var text: String { text(.plain).text }

  /// - Returns: the table, and the titles of the columns that the width left no room for.
  package func text(_ style: TextStyle) -> (text: String, leftOut: [String]) {
    let layout = TableLayout(self, width: style.width)
    let rule = layout.columns.map { String(repeating: "─", count: $0.width) }
    var lines = self.lines(header, layout, isAtBottom: true).map(style.bold)
    lines.append(style.dim(rule.joined(separator: TableLayout.gap).trimmingEnd()))
    lines += rows.flatMap { self.lines($0, layout) }
    return (lines.joined(separator: "\n"), layout.leftOut.map { header[$0] })
  }

  /// A row, on as many lines as its longest cell takes.
  private func lines(_ row: [String], _ layout: TableLayout, isAtBottom: Bool = false) -> [String] {
    let cells = layout.columns.map { TextWidth.wrapped(row[$0.place], max(1, $0.width)) }
    let count = cells.map(\.count).max() ?? 0
    return (0..<count).map { line in
      zip(layout.columns, cells).map { column, cell in
        let place = isAtBottom ? line - (count - cell.count) : line
        let text = cell.indices.contains(place) ? cell[place] : ""
        let padding = String(repeating: " ", count: max(0, column.width - TextWidth.of(text)))
        return shapes[column.place].alignment == .left ? text + padding : padding + text
      }.joined(separator: TableLayout.gap).trimmingEnd()
    }
  }
}

extension String {
  /// Without spaces at the end.
  package func trimmingEnd() -> String {
    var result = Substring(self)
    while result.last == " " { result.removeLast() }
    return String(result)
  }
}
