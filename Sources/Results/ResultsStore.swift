import GRDB

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

  /// The path, as the caller gave it.
  public let file: String
  let database: DatabaseQueue
  /// Digest of the sources by which results are computed now.
  var build = SourceBuild.digest
  /// The file that was opened; nil in memory.
  let place: DatabasePlace?

  /// Opens the database at `path`, creating or upgrading it where `access` allows.
  ///
  /// - Parameters:
  ///   - path: A file, or `:memory:` for a database that ends with this value.
  ///   - busyTimeout: Seconds to wait for another process that is writing.
  /// - Throws: `ResultsError`.
  public init(path: String, access: Access = .readWrite, busyTimeout: Double = 60) throws {
    file = path
    try Self.checkPlace(path, access: access)
    var configuration = Configuration()
    configuration.readonly = access == .readOnly
    configuration.busyMode = .timeout(busyTimeout)
    database = try ResultsError.translating(file: path) {
      try OpeningLock.holding(path) {
        let database = try DatabaseQueue(path: path, configuration: configuration)
        try Self.checkOwner(database, file: path)
        if access == .readWrite { try Self.upgrade(database, patience: busyTimeout) }
        try Self.checkVersion(database, file: path)
        return database
      }
    }
    place = DatabasePlace(path)
  }

  func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try ResultsError.translating(file: file) { try database.read(body) }
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
