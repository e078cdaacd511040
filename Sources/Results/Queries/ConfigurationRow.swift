import GRDB

/// A row of `configurations`.
public struct ConfigurationID: Hashable, Sendable {
  public let rawValue: Int64

  init(rawValue: Int64) { self.rawValue = rawValue }
}

/// A stored configuration, and how much of it is there.
public struct ConfigurationRow: Codable, Sendable, Equatable, FetchableRecord {
  /// Key of the row, as SQL and the views show it.
  public let configuration: Int64
  /// Digest of its `ConfigurationIdentity`.
  public let identity: String
  /// Digest of the sources that computed it; nil for a row that was stored before builds were.
  public let build: String?
  public let traceDigest: String
  public let policy: String
  public let label: String
  /// Canonical JSON.
  public let parameters: String
  public let budget: String?
  public let exactResultsDigest: String
  public let hasSteps: Bool
  public let hasKernelSamples: Bool

  public static var databaseColumnDecodingStrategy: DatabaseColumnDecodingStrategy { .convertFromSnakeCase }
}

extension ResultsStore {
  private static let configurationsSQL = """
    SELECT c.id AS configuration, c.identity, c.build, t.digest AS trace_digest, c.policy, c.label, c.parameters, c.budget,
      c.exact_results_digest,
      EXISTS (SELECT 1 FROM steps WHERE configuration = c.id) AS has_steps,
      EXISTS (SELECT 1 FROM kernel_samples WHERE configuration = c.id) AS has_kernel_samples
    FROM configurations AS c JOIN traces AS t ON t.id = c.trace
    """

  /// All stored configurations in the order in which they were stored.
  public func configurations() throws -> [ConfigurationRow] {
    try read { try ConfigurationRow.fetchAll($0, sql: "\(Self.configurationsSQL) ORDER BY c.id") }
  }

  /// Orders several results of one build and identity: first the one that the last run stored, reproduced or reused, so that
  /// bits that never came again do not hide those that did.
  static func lastConfirmed(_ id: String) -> String {
    "(SELECT max(r.run) FROM run_configurations AS r WHERE r.configuration = \(id)) DESC, \(id) DESC"
  }

  /// This build's result of an identity, with its digest; where it gave several, the one that a run last confirmed.
  public func configuration(_ identity: ConfigurationIdentity) throws -> ConfigurationRow? {
    try read { db in
      // A sweep asks for hundreds of thousands one by one, and to compile the statement takes longer than to run it.
      let statement = try db.cachedStatement(
        sql:
          "\(Self.configurationsSQL) WHERE c.identity = ? AND c.build = ? ORDER BY \(Self.lastConfirmed("c.id")) LIMIT 1"
      )
      return try ConfigurationRow.fetchOne(statement, arguments: [identity.digest, build])
    }
  }

  /// Whether a trace whose file has this many bytes is stored: where none is, neither are results of it, and
  /// its digest need not be known first.
  public func holdsTrace(ofBytes count: Int) throws -> Bool {
    try read { db in
      try Bool.fetchOne(
        db, sql: "SELECT EXISTS (SELECT 1 FROM traces WHERE file_bytes = ?)", arguments: [count]) ?? false
    }
  }

  /// Whether a command may skip a configuration: this build stored it, with all that the command asks for.
  ///
  /// - Parameter kernelThreads: threads that kernels are to be timed on; nil where they need not be.
  public func contains(
    _ identity: ConfigurationIdentity, detail: Detail = .head, kernelThreads: Int? = nil
  ) throws -> Bool {
    guard let stored = try configuration(identity) else { return false }
    let isTimed = try kernelThreads.map { try self.isTimed(stored.configuration, threads: $0) } ?? true
    return (detail == .head || stored.hasSteps) && isTimed
  }

  private func isTimed(_ configuration: Int64, threads: Int) throws -> Bool {
    try read { db in
      try Bool.fetchOne(
        db,
        sql: """
          SELECT EXISTS (SELECT 1 FROM kernel_samples JOIN runs ON runs.id = run
            WHERE configuration = ? AND kernel_threads = ?)
          """, arguments: [configuration, threads]) ?? false
    }
  }
}
