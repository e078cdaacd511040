/// What a message shows of text that a file holds: at most a line, whatever the file says.
public enum Excerpt {
  /// Characters that are shown before the rest is left out.
  public static let limit = 80

  /// The beginning of `text`, with everything that would end the line or act on a terminal written as `\u{…}`.
  ///
  /// Unicode scalars are counted: a single grapheme may be as long as a file.
  ///
  /// - Complexity: O(`limit`).
  public static func of(_ text: String, limit: Int = limit) -> String {
    var result = ""
    var scalars = text.unicodeScalars.makeIterator()
    for _ in 0..<limit {
      guard let scalar = scalars.next() else { return result }
      if isUnsafe(scalar) {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return scalars.next() == nil ? result : result + "…"
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    return switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
