/// Text of others, such as a trace's title, a path or a database's labels, made fit to be shown: a terminal obeys control
/// characters, and bidirectional ones reorder what stands beside them.
extension String {
  /// With every character that is no text, but line ends and tabs, as its code: `\u{1b}`.
  package var printable: String { escapingControls() }

  /// The same, with line ends and tabs too: for what must stay one line of an answer.
  package var onOneLine: String { escapingControls(breaks: true) }

  /// As a cell or a paragraph of Markdown, in which it begins no tag and no other cell.
  package var inMarkdown: String {
    onOneLine.replacing("<", with: "&lt;").replacing("|", with: "\\|")
  }

  /// Of each line that is too long its ends: a message quotes what was found, and that may be of any length.
  package var abridged: String {
    let most = 2000
    guard utf8.count > most else { return self }
    return split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.count > most ? line.prefix(most * 3 / 5) + " … " + line.suffix(most * 2 / 5) : String(line)
    }.joined(separator: "\n")
  }

  /// - Parameters:
  ///   - breaks: Whether line ends and tabs are escaped as well.
  ///   - asJSON: Codes as JSON writes them, which mean the same.
  package func escapingControls(breaks: Bool = false, asJSON: Bool = false) -> String {
    func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
      scalar.isHarmful && (breaks || scalar != "\n" && scalar != "\t")
    }
    guard unicodeScalars.contains(where: isHarmful) else { return self }
    var result = ""
    for scalar in unicodeScalars {
      guard isHarmful(scalar) else {
        result.unicodeScalars.append(scalar)
        continue
      }
      let code = String(scalar.value, radix: 16)
      result += asJSON ? "\\u" + String(repeating: "0", count: max(0, 4 - code.count)) + code : "\\u{\(code)}"
    }
    return result
  }
}

extension Unicode.Scalar {
  /// Controls of both sets, line and paragraph separators, and whatever marks, embeds or overrides a direction.
  fileprivate var isHarmful: Bool {
    switch value {
    case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069: true
    default: false
    }
  }
}
