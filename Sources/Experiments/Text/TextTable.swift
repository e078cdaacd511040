/// Columns of text, aligned.
package struct TextTable {
  enum Alignment { case left, right }

  private let header: [String]
  private let alignments: [Alignment]
  private let rows: [[String]]

  /// A cell stays on its line, whatever name or text it quotes.
  package init<Row>(_ rows: some Sequence<Row>, _ columns: [Column<Row>]) {
    header = columns.map(\.title.onOneLine)
    alignments = columns.map(\.alignment)
    self.rows = rows.map { row in columns.map { $0.text(row).onOneLine } }
  }

  /// As Markdown writes tables.
  package var markdown: String {
    let rule = alignments.map { $0 == .left ? "---" : "---:" }
    return ([header, rule] + rows).map { row in
      "| \(row.map(\.inMarkdown).joined(separator: " | ")) |"
    }.joined(separator: "\n")
  }

  package var text: String {
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    return ([header, widths.map { String(repeating: "─", count: $0) }] + rows).map { row in
      row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        return alignments[column] == .left ? row[column] + padding : padding + row[column]
      }.joined(separator: "  ").trimmingEnd()
    }.joined(separator: "\n")
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
