import GRDB
import Simulator

/// What became of a result's configurations.
public struct StoreReport: Sendable, Equatable {
  /// Written for the first time by this build.
  public var stored: [ConfigurationIdentity] = []
  /// Stored before by this build, and the same bits again.
  public var reproduced: [ConfigurationIdentity] = []
  /// Of `stored`, those that other builds had stored: their rows stay.
  public var rebuilt: [RebuiltConfiguration] = []
}

/// A configuration that was stored by another build, too.
public struct RebuiltConfiguration: Sendable, Equatable {
  public let label: String
  /// `configurations.id` of the new row, and of the last one of another build.
  public let configuration: Int64
  public let other: Int64
  public let otherBuild: String
  /// Whether both are the same bits.
  public let isSame: Bool
}

extension ResultsStore {
  /// Writes a result, each configuration in a transaction of its own.
  ///
  /// A configuration that this build has stored already is not written again where it is the same bits: kernel samples are
  /// added as the run's, and steps where `detail` asks for them and they are missing. Other bits are a row of their own.
  ///
  /// - Parameter transaction: called around each configuration's transaction.
  /// - Throws: `ResultsError`; of kind `notReproduced`, after all configurations were stored, where this build gave other
  ///   bits before.
  @discardableResult
  public func store(
    _ result: ReplayResult, run: RunID, detail: Detail,
    transaction: (() throws -> Void) throws -> Void = { try $0() }
  ) throws -> StoreReport {
    var report = StoreReport()
    var broken: [ResultsError] = []
    for configuration in result.configurations {
      let identity = try ConfigurationIdentity(of: configuration, in: result)
      try transaction {
        let outcome = try store(configuration, identity: identity, of: result, run: run, detail: detail)
        switch outcome.role {
        case .stored: report.stored.append(identity)
        case .reproduced, .reused: report.reproduced.append(identity)
        }
        if let rebuilt = outcome.rebuilt { report.rebuilt.append(rebuilt) }
        if let error = outcome.broken { broken.append(error) }
      }
    }
    if let first = broken.first { throw first }
    return report
  }

  private struct Outcome {
    let role: Role
    var rebuilt: RebuiltConfiguration?
    var broken: ResultsError?
  }

  private func store(
    _ configuration: ConfigurationResult, identity: ConfigurationIdentity, of result: ReplayResult,
    run: RunID, detail: Detail
  ) throws -> Outcome {
    try write { db in
      try check(run, db)
      var writer = ResultWriter(db: db, file: file, result: result, run: run, build: build)
      let known = try rows(of: identity, db)
      let own = known.filter { $0.build == build }
      var outcome: Outcome
      let id: ConfigurationID
      if let same = own.last(where: { $0.digest == configuration.digest }) {
        outcome = Outcome(role: .reproduced)
        id = ConfigurationID(rawValue: same.configuration)
        if try !writer.hasStepSums(id) { try writer.insertStepSums(configuration, id) }
        if detail == .step, try !writer.hasSteps(id) {
          try writer.insertSteps(configuration, id)
          try writer.insertLayerSteps(configuration, id)
          try writer.insertHotSteps(configuration, id)
        }
      } else {
        id = try writer.insert(configuration, identity: identity)
        try writer.insertSummaries(configuration, id)
        try writer.insertLayers(configuration, id)
        try writer.insertHotGroups(configuration, id)
        try writer.insertFreedBlocks(configuration, id)
        try writer.insertStepSums(configuration, id)
        try writer.insertTraffic(configuration.traffic, owner: .configuration(id))
        try writer.insertTotals(id)
        if detail == .step {
          try writer.insertSteps(configuration, id)
          try writer.insertLayerSteps(configuration, id)
          try writer.insertHotSteps(configuration, id)
        }
        outcome = Outcome(role: .stored)
        if let before = own.last {
          outcome.broken = notReproduced(configuration, id, before)
        } else if let other = known.last {
          outcome.rebuilt = RebuiltConfiguration(
            label: configuration.configuration.label, configuration: id.rawValue, other: other.configuration,
            otherBuild: SourceBuild.short(other.build), isSame: other.digest == configuration.digest)
        }
      }
      try writer.insertSamples(configuration, id)
      try join(id, run: run, as: outcome.role, db)
      return outcome
    }
  }

  private func notReproduced(_ configuration: ConfigurationResult, _ id: ConfigurationID, _ before: StoredRow)
    -> ResultsError
  {
    ResultsError(
      .notReproduced, file: file,
      part: "configuration \(id.rawValue), \(configuration.configuration.label)",
      expected:
        "the exact-results digest \(before.digest) that the same build \(SourceBuild.short(build)) stored as configuration \(before.configuration)",
      found: configuration.digest,
      advice:
        "one build must give the same bits every time: check this machine's memory, and report it with both commands; both results are kept (SELECT * FROM summary WHERE configuration IN (\(before.configuration), \(id.rawValue)))"
    )
  }
}

extension ResultsStore {
  /// A row of `configurations` by the identity that it answers.
  struct StoredRow {
    let configuration: Int64
    /// Nil for a row that was stored before builds were.
    let build: String?
    let digest: String
  }

  /// Every stored result of an identity, those of other builds too, the one that a run last confirmed at the end.
  func rows(of identity: ConfigurationIdentity, _ db: Database) throws -> [StoredRow] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT id, build, exact_results_digest FROM configurations WHERE identity = ?
        ORDER BY (SELECT max(run) FROM run_configurations WHERE configuration = id), id
        """,
      arguments: [identity.digest]
    ).map {
      try StoredRow(
        configuration: $0.value("id"), build: $0.value("build"), digest: $0.value("exact_results_digest"))
    }
  }

  /// This build's result of an identity; where it gave several, the one that a run last confirmed.
  func stored(_ identity: ConfigurationIdentity, _ db: Database) throws -> StoredRow? {
    try rows(of: identity, db).last { $0.build == build }
  }
}
