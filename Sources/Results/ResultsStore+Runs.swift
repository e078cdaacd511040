import Foundation
import GRDB

extension ResultsStore {
  /// Writes the row of a run that begins; it has no end until `endRun`.
  public func beginRun(_ info: RunInfo) throws -> RunID {
    try write { db in
      try db.execute(
        sql: """
          INSERT INTO runs (command_line, tool_version, git_commit, host, host_cpu, instruction_set, threads,
            kernel_threads, started_at)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          info.commandLine, info.toolVersion, info.gitCommit, info.host, info.hostCPU,
          info.instructionSet.rawValue,
          info.threads, info.kernelThreads, info.startedAt.formatted(.iso8601),
        ])
      return RunID(rawValue: db.lastInsertedRowID)
    }
  }

  /// Marks a run as complete.
  ///
  /// - Parameter exactResultsDigest: Over all configurations the run asked for, in order.
  /// - Throws: ``ResultsError``, also where what the run stored is not in the file that the path names.
  public func endRun(_ run: RunID, at end: Date = Date(), exactResultsDigest: String?) throws {
    try write { db in
      try db.execute(
        sql: "UPDATE runs SET ended_at = ?, exact_results_digest = ? WHERE id = ?",
        arguments: [end.formatted(.iso8601), exactResultsDigest, run.rawValue])
      if db.changesCount == 0 { throw unknown(run) }
    }
    try checkKept(run)
  }

  /// Reads through a connection of its own what a run stored, as the next command will: the one that wrote it would
  /// find it in a file that is no longer there, too.
  private func checkKept(_ run: RunID) throws {
    guard let place else { return }
    try place.check()
    let query = """
      SELECT count(*) FROM runs JOIN run_configurations AS asked ON asked.run = runs.id
      JOIN configurations ON configurations.id = asked.configuration WHERE runs.id = ?
      """
    func count(_ db: Database) throws -> Int? {
      try Int.fetchOne(db, sql: query, arguments: [run.rawValue])
    }
    let kept: Int?
    do {
      kept = try DatabaseQueue(path: file, configuration: database.configuration).read(count)
    } catch let error as DatabaseError {
      throw place.refusal("a file that cannot be read back (\(error.message ?? "\(error.resultCode)"))")
    }
    guard try read(count) == kept else {
      throw place.refusal("a file that lacks what was stored")
    }
  }

  /// Records that a run asked for configurations that were stored already and so did not compute them, so
  /// that it can be compared as a whole.
  public func reuse(_ identities: [ConfigurationIdentity], run: RunID) throws {
    try write { db in
      for identity in identities {
        guard let id = try stored(identity, db)?.configuration else {
          throw ResultsError(
            .unknownConfiguration, file: file, part: "configuration \(identity.digest)",
            expected: "a stored configuration", found: "none", advice: "replay it first")
        }
        try join(ConfigurationID(rawValue: id), run: run, as: .reused, db)
      }
    }
  }

  /// What a run did for a configuration it asked for.
  enum Role: String { case stored, reproduced, reused }

  func join(_ configuration: ConfigurationID, run: RunID, as role: Role, _ db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO run_configurations (run, configuration, role) VALUES (?, ?, ?)
        ON CONFLICT (run, configuration) DO NOTHING
        """, arguments: [run.rawValue, configuration.rawValue, role.rawValue])
  }

  func check(_ run: RunID, _ db: Database) throws {
    let sql = "SELECT EXISTS (SELECT 1 FROM runs WHERE id = ?)"
    if try Bool.fetchOne(db, sql: sql, arguments: [run.rawValue]) != true { throw unknown(run) }
  }

  private func unknown(_ run: RunID) -> ResultsError {
    ResultsError(
      .unknownRun, file: file, part: "run \(run.rawValue)", expected: "a run that began in this database",
      found: "none")
  }
}
