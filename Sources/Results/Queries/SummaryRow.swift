import GRDB

/// A line of the view `summary`: one configuration, beside the oracle and dense attention.
///
/// Nil is a quantity that is undefined, or was not measured.
public struct SummaryRow: Codable, Sendable, Equatable, FetchableRecord {
  public let configuration: Int64
  public let identity: String
  /// Digest of the sources that computed it; nil for a row that was stored before builds were.
  public let build: String?
  /// The run that stored it.
  public let run: Int64
  public let traceDigest: String
  public let modelName: String
  public let textTitle: String
  public let policy: String
  public let kind: String
  public let label: String
  public let parameters: String
  public let budget: String?
  public let seed: String
  public let scope: Int64
  public let layers: String
  public let queryHeads: String
  /// Decode steps, counted from 0.
  public let steps: String
  /// Token positions of the steps' queries; nil where an older fasa-sim stored them.
  public let positions: String?
  public let stepCount: Int
  public let recall: Double?
  public let lowestHeadRecall: Double?
  public let precision: Double?
  public let mass: Double?
  public let oracleMass: Double?
  public let massRatio: Double?
  public let outputError: Double?
  /// Σ‖o_S − o‖ / Σ‖o‖ over heads and steps; nil where an older fasa-sim stored it.
  public let weightedOutputError: Double?
  /// Σ‖Wo Δ‖ / Σ‖Wo o‖ over layers and steps, after the layers' output projections; nil where the trace holds none, some
  /// query heads were left out, or an older fasa-sim stored it.
  public let projectedOutputError: Double?
  public let highestHeadOutputError: Double?
  public let oracleOutputError: Double?
  public let selected: Double?
  public let visible: Double?
  public let groupUnion: Double?
  public let jaccardPrevious: Double?
  /// Tokens a head attends to, of those it may see.
  public let selectedShare: Double?
  /// Tokens a KV group reads, of those it may see.
  public let tokensReadShare: Double?
  /// Of what was chosen on the host, the share that the hot buffer held; nil where there is none.
  public let hotHitShare: Double?
  /// Pages a step and KV head that it did not.
  public let hotMisses: Double?
  /// Of the layers' blocks of 16 tokens, those of which no head holds any token after the last step; nil where nothing is dropped,
  /// or an older fasa-sim stored it.
  public let freedBlockShare: Double?
  /// Heads times steps at which the output error is undefined.
  public let outputErrorsUndefined: Int?
  public let perHeadBytes: Int?
  public let groupUnionBytes: Int?
  public let densePerHeadBytes: Int?
  public let denseGroupUnionBytes: Int?
  public let perHeadBytesShare: Double?
  public let groupUnionBytesShare: Double?
  public let residentDeviceBytes: Int?
  public let residentHostBytes: Int?
  public let denseResidentBytes: Int?
  public let timingRun: Int64?
  public let timingPairs: Int?
  public let denseMedianNs: Double?
  public let policyMedianNs: Double?
  public let kernelSpeedup: Double?
  public let exactResultsDigest: String

  public static var databaseColumnDecodingStrategy: DatabaseColumnDecodingStrategy { .convertFromSnakeCase }
}

extension ResultsStore {
  /// Lines of the view `summary`, in the order in which they were stored.
  ///
  /// - Parameters:
  ///   - traceDigest: Only configurations of this trace.
  ///   - identities: Only this build's results of these, in this order; those not stored are left out. Where it gave
  ///     several, the one that a run last confirmed.
  public func summaries(
    traceDigest: String? = nil, identities: [ConfigurationIdentity]? = nil
  ) throws -> [SummaryRow] {
    try read { db in
      guard let identities else {
        return try SummaryRow.fetchAll(
          db, sql: "SELECT * FROM summary WHERE ?1 IS NULL OR trace_digest = ?1 ORDER BY configuration",
          arguments: [traceDigest])
      }
      // Each by its key: the database may hold many more.
      let one = try db.makeStatement(
        sql: """
          SELECT * FROM summary WHERE identity = ?1 AND build = ?2 AND (?3 IS NULL OR trace_digest = ?3)
          ORDER BY \(Self.lastConfirmed("summary.configuration")) LIMIT 1
          """)
      return try identities.compactMap {
        try SummaryRow.fetchOne(one, arguments: [$0.digest, build, traceDigest])
      }
    }
  }
}
