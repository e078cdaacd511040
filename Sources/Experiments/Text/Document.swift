/// What a command tells people: tables, what stands over them and notes below, laid out for whom it is shown to.
package struct Document {
  package enum Block {
    /// A title of what follows.
    case heading(String)
    /// Lines of their own.
    case lines([String])
    case table(TextTable)
    /// Names and what stands for each.
    case fields([(name: String, value: String)])
    /// What the reader should know, a sentence each, what matters most first: before all what is left out, in one note where
    /// not all are shown; then lines of their own.
    case notes([String], leftOut: [LeftOut] = [], then: [String] = [])
  }

  package var blocks: [Block]

  package init(_ blocks: [Block]) { self.blocks = blocks }

  /// As Markdown, notes as a list.
  package func markdown(_ style: TextStyle = .plain) -> String {
    blocks.flatMap { block -> [String] in
      switch block {
      case .heading(let title): return ["### \(title.inMarkdown)"]
      case .lines(let lines): return lines.map(\.inMarkdown)
      case .table(let table): return [table.markdown]
      case .fields(let fields):
        return [
          TextTable(fields, [.left("field") { $0.name }, .left("value") { $0.value }]).markdown
        ]
      case .notes(let notes, let leftOut, let lines):
        let (shown, rest) = shown(notes, leftOut, style)
        return [(shown + [rest].compactMap(\.self)).map { "- \($0.inMarkdown)" }.joined(separator: "\n")]
          + lines.map(\.inMarkdown)
      }
    }.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  /// As a terminal shows it. Whatever it quotes is fit to be shown.
  package func text(_ style: TextStyle = .plain) -> String {
    var told: [String] = []
    return blocks.map { block in
      switch block {
      case .heading(let title): return wrapped(title, style).map(style.bold).joined(separator: "\n")
      case .lines(let lines): return lines.flatMap { wrapped($0, style) }.joined(separator: "\n")
      case .table(let table):
        let (text, leftOut) = table.text(style)
        // Tables alike leave out alike: once is enough.
        let isNew = !leftOut.isEmpty && leftOut != told
        told = leftOut
        return isNew ? ([text] + self.leftOut(leftOut, style)).joined(separator: "\n") : text
      case .fields(let fields):
        let most = fields.map { TextWidth.of($0.name) }.max() ?? 0
        return fields.flatMap { field in
          let name = field.name + String(repeating: " ", count: most - TextWidth.of(field.name) + 2)
          return wrapped(name + field.value, style, hanging: most + 2)
        }.joined(separator: "\n")
      case .notes(let notes, let leftOut, let lines):
        let (shown, rest) = shown(notes, leftOut, style)
        let text = shown.flatMap { wrapped("note: \($0)", style, hanging: "note: ".count) }
        return
          (text.map(style.dim) + [rest].compactMap(\.self).map(style.dim)
          + lines.flatMap { wrapped($0, style) }).joined(separator: "\n")
      }
    }.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  private func shown(_ notes: [String], _ leftOut: [LeftOut], _ style: TextStyle) -> (
    shown: [String], rest: String?
  ) {
    guard let most = style.mostNotes else { return (leftOut.map(\.note) + notes, nil) }
    let all = [LeftOut.note(leftOut, reasons: style.showsNotes)].compactMap(\.self) + notes
    guard all.count > most else { return (all, nil) }
    let rest = all.count - most
    return (Array(all.prefix(most)), "\(rest) more note\(rest == 1 ? "" : "s"): \(style.showsNotes)")
  }

  private func leftOut(_ titles: [String], _ style: TextStyle) -> [String] {
    let text =
      "left out at \(style.width ?? 0) columns: \(titles.joined(separator: "; ")) (\(style.showsColumns))"
    return wrapped(text, style).map(style.dim)
  }

  private func wrapped(_ text: String, _ style: TextStyle, hanging: Int? = nil) -> [String] {
    guard let width = style.width else { return [text.onOneLine] }
    return TextWidth.wrapped(
      text.onOneLine, width, hanging: hanging ?? text.prefix { $0 == " " }.count, keepsWords: true)
  }
}
