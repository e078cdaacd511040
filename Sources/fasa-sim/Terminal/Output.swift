import ArgumentParser
import Experiments
import Foundation

/// The one way to the two standard streams: what goes to standard output is a result, and an error where it cannot be
/// written; what goes to standard error is for people, and lost without a word where nobody can read it.
enum Output {
  /// A result for people, with a line end after it. What files and databases hold may be in it: nothing but text and
  /// line ends reaches the stream.
  static func text(_ text: String) throws { try StandardStream.output.write(text.printable + "\n") }

  /// A result for people, laid out for the terminal if there is one; what it quotes reaches the stream as text alone.
  static func document(_ document: Document, isVerbose: Bool = false) throws {
    try StandardStream.output.write(document.text(Terminal.style(isVerbose: isVerbose)) + "\n")
  }

  /// A file as it is, where it goes on into another; for a terminal as ``text(_:)``.
  static func file(_ text: String) throws {
    try StandardStream.output.write(isatty(STDOUT_FILENO) == 1 ? text.printable : text)
  }

  /// By the names of databases.
  static func json(_ value: some Encodable) throws {
    try StandardStream.output.write(OrderedJSON(value).pretty + "\n")
  }

  /// A note for people, beside the result; in place of the line that stands there, if asked.
  static func note(_ text: String, clearsLine: Bool = false) {
    progress((clearsLine && isatty(STDERR_FILENO) == 1 ? clear : "") + text.onOneLine + "\n")
  }

  /// Text with a terminal's own commands.
  static func progress(_ text: String) { try? StandardStream.errors.write(text) }

  /// Goes to the line's start and empties it.
  static let clear = "\r\u{1B}[K"

  /// Ends the command as an error, or a request for help, asks.
  static func end(_ error: any Error, of command: any ParsableCommand.Type) -> Never {
    if let ended = error as? ExitStatus.Ended {
      progress(command.fullMessage(for: ended.error).abridged.onOneLine + "\n")
      exit(ended.status)
    }
    let code = command.exitCode(for: error)
    let message = command.fullMessage(for: error)
    if code.isSuccess {
      do {
        if !message.isEmpty { try text(message) }
        exit(code.rawValue)
      } catch let unwritten {
        end(unwritten, of: command)
      }
    }
    // Of this program's own errors each is one line, whatever names and texts it quotes.
    let shown = code == .failure ? message.abridged.onOneLine : message.abridged.printable
    if !shown.isEmpty { progress(shown + "\n") }
    exit(code.rawValue)
  }
}
