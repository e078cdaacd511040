import GRDB
import Simulator

/// What became of a result's configurations.
public struct StoreReport: Sendable, Equatable {
  /// Written for the first time.
  public var stored: [ConfigurationIdentity] = []
  /// Stored before, and the same bits again.
  public var reproduced: [ConfigurationIdentity] = []
}

extension ResultsStore {
  /// Writes a result, each configuration in a transaction of its own.
  ///
  /// A configuration that is stored already is not written again: its digest is checked, kernel samples are
  /// added as the run's, and steps where `detail` asks for them and they are missing.
  ///
  /// - Throws: `ResultsError`; of kind `notReproduced`, after all other configurations were stored, where a
  ///   configuration's digest is not the stored one, which then stays.
  @discardableResult
  public func store(_ result: ReplayResult, run: RunID, detail: Detail) throws -> StoreReport {
    var report = StoreReport()
    var broken: [ResultsError] = []
    for configuration in result.configurations {
      let identity = try ConfigurationIdentity(of: configuration, in: result)
      do {
        switch try store(configuration, identity: identity, of: result, run: run, detail: detail) {
        case .stored: report.stored.append(identity)
        case .reproduced, .reused: report.reproduced.append(identity)
        }
      } catch let error as ResultsError where error.kind == .notReproduced {
        broken.append(error)
      }
    }
    if let first = broken.first { throw first }
    return report
  }

  private func store(
    _ configuration: ConfigurationResult, identity: ConfigurationIdentity, of result: ReplayResult,
    run: RunID,
    detail: Detail
  ) throws -> Role {
    try write { db in
      try check(run, db)
      var writer = ResultWriter(db: db, file: file, result: result, run: run)
      let known = try Row.fetchOne(
        db, sql: "SELECT id, exact_results_digest FROM configurations WHERE identity = ?",
        arguments: [identity.digest])
      let role: Role
      let id: ConfigurationID
      if let known {
        role = .reproduced
        id = ConfigurationID(rawValue: known["id"])
        try checkReproduced(configuration, id, stored: known["exact_results_digest"], db)
        if detail == .step, try !writer.hasSteps(id) { try writer.insertSteps(configuration, id) }
      } else {
        role = .stored
        id = try writer.insert(configuration, identity: identity)
        try writer.insertSummaries(configuration, id)
        try writer.insertTraffic(configuration.traffic, owner: .configuration(id))
        if detail == .step { try writer.insertSteps(configuration, id) }
      }
      try writer.insertSamples(configuration, id)
      try join(id, run: run, as: role, db)
      return role
    }
  }

  private func checkReproduced(
    _ configuration: ConfigurationResult, _ id: ConfigurationID, stored: String, _ db: Database
  ) throws {
    if configuration.digest == stored { return }
    let version = try String.fetchOne(
      db,
      sql: """
        SELECT tool_version FROM runs JOIN configurations ON runs.id = configurations.run
        WHERE configurations.id = ?
        """, arguments: [id.rawValue])
    throw ResultsError(
      .notReproduced, file: file,
      part: "configuration \(id.rawValue), \(configuration.configuration.label)",
      expected: "the exact-results digest \(stored) that fasa-sim \(version ?? "") stored",
      found: configuration.digest,
      advice:
        "the stored result is kept; report it with both commands, or delete that configuration to replace it")
  }
}
