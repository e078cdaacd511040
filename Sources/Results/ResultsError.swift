import Attention

/// What kept a results database from being opened, read or written:
///
///     runs.db: expected a SQLite database, found another kind of file; name another file
public struct ResultsError: ExplainedError, Equatable {
  /// The error's name, for callers and tests that tell errors apart.
  public enum Kind: String, Sendable, CaseIterable {
    /// A name that SQLite would not take for a file's.
    case name
    case folderMissing, fileMissing, cannotOpen
    case notADatabase, otherProgram, damaged, olderVersion, newerVersion
    case readOnly, busy, full, failed
    /// The file was deleted, replaced or cut short while it was open.
    case replaced
    /// A configuration was replayed again by the same build and gave another exact-results digest.
    case notReproduced
    /// A result that contradicts itself.
    case invalidResult
    case unknownRun, unknownConfiguration, unknownView
  }

  public let kind: Kind
  /// The database's path, as the caller gave it.
  public let file: String
  /// The table, run or configuration concerned, where there is one.
  public let part: String?
  public let expected: String
  public let found: String
  public let advice: String?

  public init(
    _ kind: Kind, file: String, part: String? = nil, expected: String, found: String, advice: String? = nil
  ) {
    self.kind = kind
    self.file = file
    self.part = part
    self.expected = expected
    self.found = found
    self.advice = advice
  }

  public var place: String { part.map { "\(file): \($0)" } ?? file }
}
