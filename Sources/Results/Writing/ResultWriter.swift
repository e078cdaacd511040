import GRDB
import Simulator

/// Writes one configuration of a result inside a transaction.
struct ResultWriter {
  let db: Database
  let file: String
  let result: ReplayResult
  let run: RunID
  /// Digest of the sources that computed it.
  let build: String

  /// Inserts the row of a configuration, and those of its trace and scope where they are new.
  mutating func insert(
    _ configuration: ConfigurationResult, identity: ConfigurationIdentity
  ) throws -> ConfigurationID {
    let queryHeads = Set(configuration.heads.map(\.queryHead))
    try checkComplete(configuration, queryHeads: queryHeads)
    let trace = try traceRow()
    let scope = try scopeRow(trace: trace, queryHeads: queryHeads)
    let policy = configuration.configuration.policy
    let calibration = configuration.calibration
    try db.execute(
      sql: """
        INSERT INTO configurations (identity, build, run, trace, scope, policy, kind, parameters, label, budget,
          calibration, profile_digest, calibration_texts, seed, exact_results_digest, prefetches)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        identity.digest, build, run.rawValue, trace, scope, policy.descriptor.name,
        policy.descriptor.kind.rawValue,
        try CanonicalText.parameters(policy), configuration.configuration.label,
        configuration.configuration.budget?.description,
        calibration.map { $0.profileDigest == nil ? "own-queries" : "profile" }, calibration?.profileDigest,
        try calibration.map { try CanonicalText.json($0.texts) }, String(result.seed), configuration.digest,
        policy.prefetches,
      ])
    return ConfigurationID(rawValue: db.lastInsertedRowID)
  }

  /// The identity names layers and heads as two lists, so every pair of them must be there.
  private func checkComplete(_ configuration: ConfigurationResult, queryHeads: Set<Int>) throws {
    let pairs = Set(configuration.heads.map { [$0.layer, $0.queryHead] })
    let layers = Set(configuration.heads.map(\.layer))
    guard layers == Set(result.layers), pairs.count == layers.count * queryHeads.count, !pairs.isEmpty,
      configuration.heads.allSatisfy({ $0.stepCount == result.steps.count })
    else {
      throw ResultsError(
        .invalidResult, file: file, part: configuration.configuration.label,
        expected: "\(result.steps.count) steps of each scored head of \(result.layers.count) layers",
        found: "\(pairs.count) results of \(queryHeads.count) heads in \(layers.count) layers")
    }
  }
}
