import Attention

/// A side of a comparison with the database that it lies in: `fasa@256@old.db`, `run:1@old.db`.
public struct PlacedSubject: Sendable, Equatable {
  public let subject: ComparisonSubject
  /// Nil where none is named.
  public let database: String?

  private static let suffixes = [".db", ".sqlite", ".sqlite3"]

  public init(_ text: String) {
    let parts = text.indices.filter { text[$0] == "@" }.map { at in
      (name: String(text[..<at]), file: String(text[text.index(after: at)...]))
    }
    // A path may hold an @ of its own, and a file need not be called as databases are; a budget is none, whatever lies there.
    let placed =
      parts.first { Budget($0.file) == nil && FileState($0.file)?.isOrdinary == true }
      ?? parts.last.flatMap { last in Self.suffixes.contains(where: last.file.hasSuffix) ? last : nil }
    if let placed, !SideQualifier.allCases.contains(where: { placed.file.hasPrefix($0.prefix) }) {
      (subject, database) = (ComparisonSubject(placed.name), placed.file)
    } else {
      (subject, database) = (ComparisonSubject(text), nil)
    }
  }

  /// Whether a text is a database's name and nothing else.
  public static func isFile(_ text: String) -> Bool { suffixes.contains(where: text.hasSuffix) }
}
