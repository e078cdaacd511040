import Experiments
import Foundation

/// What the terminal is like that a stream goes to.
enum Terminal {
  /// Whether a stream is a terminal that obeys commands, which one called dumb does not.
  static func obeys(_ stream: Int32) -> Bool {
    isatty(stream) == 1 && !["", "dumb"].contains(environment("TERM") ?? "")
  }

  /// Columns of the terminal that a stream goes to; nil where it is none. COLUMNS says otherwise.
  static func width(_ stream: Int32) -> Int? {
    guard isatty(stream) == 1 else { return nil }
    if let asked = environment("COLUMNS").flatMap({ Int($0) }), asked > 0 { return asked }
    var size = winsize()
    guard ioctl(stream, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// How results are laid out: for the width of a terminal, and emphasised where it can be and nobody asked that it is not
  /// (https://no-color.org).
  ///
  /// - Parameters:
  ///   - isVerbose: whether all columns and notes are shown.
  ///   - isPlain: whether it is for a file, whatever the stream is.
  static func style(isVerbose: Bool, isPlain: Bool = false) -> TextStyle {
    TextStyle(
      width: isVerbose || isPlain ? nil : width(STDOUT_FILENO),
      isEmphasized: !isPlain && obeys(STDOUT_FILENO) && (environment("NO_COLOR") ?? "").isEmpty,
      mostNotes: isVerbose ? nil : 3, showsNotes: "--verbose",
      showsColumns: "--verbose or -o csv")
  }

  private static func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name]
  }
}
