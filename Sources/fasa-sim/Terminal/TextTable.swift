/// Columns of text, aligned.
struct TextTable {
  enum Alignment { case left, right }

  private let header: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  init(_ columns: [(title: String, alignment: Alignment)]) {
    header = columns.map(\.title.onOneLine)
    alignments = columns.map(\.alignment)
  }

  /// A cell stays on its line, whatever name or text it quotes.
  mutating func add(_ row: [String]) { rows.append(row.map(\.onOneLine)) }

  /// As Markdown writes tables.
  var markdown: String {
    let rule = alignments.map { $0 == .left ? "---" : "---:" }
    return ([header, rule] + rows).map { row in
      "| \(row.map(\.inMarkdown).joined(separator: " | ")) |"
    }.joined(separator: "\n")
  }

  var text: String {
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
  func trimmingEnd() -> String {
    var result = Substring(self)
    while result.last == " " { result.removeLast() }
    return String(result)
  }
}
