/// Text in the columns of a terminal.
package enum TextWidth {
  /// Columns that a text takes: East Asian characters and pictures take two.
  package static func of(_ text: some StringProtocol) -> Int { text.reduce(0) { $0 + of($1) } }

  private static func of(_ character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    switch first.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
      0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
      return 2
    case 0x0300...0x036F, 0x200B...0x200D: return 0
    default: return 1
    }
  }

  /// Lines of at most so many columns, broken after spaces, or else after what parts a name, or else anywhere: nothing is cut
  /// off.
  ///
  /// - Parameters:
  ///   - hanging: columns that every line but the first is indented by.
  ///   - keepsWords: whether a word that is too long stays whole on a line of its own.
  package static func wrapped(_ text: String, _ width: Int, hanging: Int = 0, keepsWords: Bool = false)
    -> [String]
  {
    var lines: [String] = []
    var rest = Substring(text)
    while !rest.isEmpty {
      let indent = lines.isEmpty ? 0 : hanging
      let most = max(1, width - indent)
      var line = head(of: rest, most, keepsWords)
      rest.removeFirst(line.count)
      while rest.first == " " { rest.removeFirst() }
      while line.last == " " { line.removeLast() }
      lines.append(String(repeating: " ", count: indent) + line)
    }
    return lines.isEmpty ? [""] : lines
  }

  private static func head(of text: Substring, _ most: Int, _ keepsWords: Bool) -> Substring {
    var (taken, end) = (0, text.startIndex)
    while end < text.endIndex {
      taken += of(text[end])
      if taken > most { break }
      end = text.index(after: end)
    }
    // One character at least, however narrow.
    if end == text.startIndex { return text.prefix(1) }
    guard end < text.endIndex else { return text }
    if text[end] == " " { return text[..<end] }
    let fitting = text[..<end]
    for breaks in keepsWords ? [" "] : [" ", ",;/:|"] {
      if let last = fitting.lastIndex(where: { breaks.contains($0) }) { return fitting[...last] }
    }
    return keepsWords ? text.prefix { $0 != " " } : fitting
  }
}
