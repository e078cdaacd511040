import GRDB
import Pricing

/// A database of results: one SQLite file, or one in memory.
///
///     let store = try ResultsStore(path: "runs.db")
///     let run = try store.beginRun(info)
///     try store.store(result, run: run, detail: .head)
///     try store.endRun(run, exactResultsDigest: result.exactResultsDigest)
///
/// Several processes may write to one file; each waits its turn. Every configuration is written in one
/// transaction, so that whatever ends a run leaves whole configurations or nothing.
public struct ResultsStore: Sendable {
  public enum Access: Sendable { case readOnly, readWrite }

  /// How finely metrics are stored.
  public enum Detail: String, Sendable, CaseIterable {
    /// A row per layer and query head: mean and percentiles over the steps.
    case head
    /// Those, and a row per step.
    case step
  }

  /// The path, as the caller gave it; `:memory:` where there is no file.
  public let file: String
  let database: DatabaseQueue
  private let unlocked: UnlockedReading?
  /// Held as long as its connection.
  private let copy: DatabaseCopy?
  /// Digest of the sources by which results are computed now.
  var build = SourceBuild.digest
  /// The file that was opened; nil in memory.
  let place: DatabasePlace?

  /// Opens the database at `path`, creating or upgrading it where `access` allows.
  ///
  /// No lock but SQLite's own is taken, and to read none that a writer waits for; several may make one file at once.
  ///
  /// - Parameters:
  ///   - path: A file, or `:memory:` for a database that ends with this value. Other names that SQLite would not take for
  ///     a file's are refused.
  ///   - busyTimeout: Seconds to wait for another process that is writing.
  ///   - waiting: Told once, in a sentence, where that takes longer than a moment.
  /// - Throws: `ResultsError`.
  public init(
    path: String, access: Access = .readWrite, busyTimeout: Double = 60,
    waiting: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    file = path
    let opened = try ResultsError.translating(file: path) {
      try Self.open(path, access: access, busyTimeout: busyTimeout, waiting: waiting)
    }
    (database, unlocked, copy) = (opened.database, opened.unlocked, opened.copy)
    place = DatabasePlace(path)
  }

  func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try ResultsError.translating(file: file) {
      do {
        let value = try database.read(body)
        try unlocked?.check()
        return value
      } catch {
        // What looks like damage may be another's writing.
        try unlocked?.check()
        throw error
      }
    }
  }

  /// One transaction: what `body` wrote is undone where it throws.
  func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try ResultsError.translating(file: file) {
      try database.write { db in
        let value = try body(db)
        // Checked last, so that nothing is committed to a file that is no longer there.
        try place?.check()
        return value
      }
    }
  }
}
