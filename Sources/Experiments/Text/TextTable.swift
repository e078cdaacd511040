/// Columns of text, aligned.
package struct TextTable {
  package enum Alignment { case left, right }

  private let header: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  package init(_ columns: [(title: String, alignment: Alignment)]) {
    header = columns.map(\.title.onOneLine)
    alignments = columns.map(\.alignment)
  }

  /// A cell stays on its line, whatever name or text it quotes.
  package mutating func add(_ row: [String]) { rows.append(row.map(\.onOneLine)) }

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
