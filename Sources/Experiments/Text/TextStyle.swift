/// How a text is laid out for those who read it.
package struct TextStyle: Sendable {
  /// Characters of a line; nil where lines may be as long as they are.
  package var width: Int?
  /// Whether a terminal shows headers bold and notes dim.
  package var isEmphasized: Bool
  /// Notes that are shown below each other at most; nil for all.
  package var mostNotes: Int?
  /// What shows the notes that are left out, such as an option's name.
  package var showsNotes: String
  /// The same of columns.
  package var showsColumns: String

  package init(
    width: Int? = nil, isEmphasized: Bool = false, mostNotes: Int? = nil, showsNotes: String = "",
    showsColumns: String = ""
  ) {
    self.width = width
    self.isEmphasized = isEmphasized
    self.mostNotes = mostNotes
    self.showsNotes = showsNotes
    self.showsColumns = showsColumns
  }

  /// Everything, for a file or another program.
  package static let plain = TextStyle()

  func bold(_ text: String) -> String { isEmphasized && !text.isEmpty ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  func dim(_ text: String) -> String { isEmphasized && !text.isEmpty ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
}
