import GRDB

/// What a merge took from one database.
public struct MergedPart: Sendable, Equatable {
  /// Configurations that the other database holds.
  public let configurations: Int
  /// Of them, those that were not there.
  public let added: Int
}

extension ResultsStore {
  /// Takes all that another database of results holds: configurations with all their rows, traces, profiles, live runs and
  /// the rows of the runs, in one transaction.
  ///
  /// What is there already is known by its digests and not taken again, so that a merge may be repeated; a run that has ended
  /// since gets its end. An older database is upgraded in a copy.
  ///
  /// - Parameter patience: seconds to wait for whoever holds the other database.
  /// - Throws: `ResultsError`, of the other file where that cannot be read, is damaged, is newer or another program's; of kind
  ///   `notReproduced` where one build gave other bits there. Nothing is taken then.
  @discardableResult
  public func merge(_ file: String, patience: Double = 10) throws -> MergedPart {
    let taken = try merge(MergeSource(file, patience: patience), chosen: nil)
    return MergedPart(configurations: taken.configurations.count, added: taken.added)
  }

  /// The same of some rows of its `configurations` alone, without profiles and live runs.
  func merge(_ source: MergeSource, chosen: Set<Int64>?) throws -> Merger.Taken {
    let tables = try MergedTable.all().filter { chosen == nil || $0.isOfReplays }
    return try ResultsError.translating(file: file) {
      try database.writeWithoutTransaction { db in
        try ResultsError.translating(file: source.file) {
          try db.execute(sql: "ATTACH DATABASE ? AS \(Merger.part)", arguments: [source.name])
        }
        defer { try? db.execute(sql: "DETACH DATABASE \(Merger.part)") }
        try ResultsError.translating(file: source.file) { try source.checkWhole(db) }
        var taken = Merger.Taken()
        try db.inTransaction(.immediate) {
          let merger = Merger(db: db, tables: tables, chosen: chosen)
          if let conflict = try merger.conflict() { throw refusal(conflict, source.file) }
          taken = try taking(source.file) { try merger.run() }
          try source.checkUnchanged()
          try place?.check()
          return .commit
        }
        return taken
      }
    }
  }

  /// Values that the schema does not allow are the other database's: what is here was let in by it.
  private func taking<Value>(_ other: String, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch let error as DatabaseError
      where [.SQLITE_CONSTRAINT, .SQLITE_MISMATCH].contains(error.resultCode)
    {
      throw ResultsError(
        .damaged, file: other, expected: "values as the schema has them",
        found: error.message ?? "\(error.resultCode)", advice: "make it anew, or leave it out")
    }
  }

  private func refusal(_ conflict: Merger.Conflict, _ other: String) -> ResultsError {
    ResultsError(
      .notReproduced, file: other, part: "\(conflict.label) of \(conflict.trace)",
      expected:
        "the exact-results digest \(conflict.there.digest), as the same build \(SourceBuild.short(conflict.build)) gave it on \(conflict.there.host)",
      found: "\(conflict.here.digest) from \(conflict.here.host)",
      advice:
        "one build must give the same bits on every machine: replay it on both, check the memory of the one that differs, and report it; nothing of this file was merged"
    )
  }
}

extension ResultsStore {
  /// Looks whether a database can be opened to be merged, without reading what it holds.
  ///
  /// - Throws: ``ResultsError``
  public static func checkMergeable(_ file: String, patience: Double = 10) throws {
    do { _ = try ResultsStore(path: file, access: .readOnly, busyTimeout: patience) } catch let error
      as ResultsError
      where error.kind == .olderVersion
    {}
  }

  /// How many results are stored.
  public func configurationCount() throws -> Int {
    try read { try Int.fetchOne($0, sql: "SELECT count(*) FROM configurations") ?? 0 }
  }
}
