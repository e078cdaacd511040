import Attention
import Foundation
import GRDB

/// All that a report of a database draws, read in one transaction and bounded, whatever the database holds.
///
/// Numbers are rounded to six significant digits where they are estimates: a report is for eyes, the database for sums.
public struct Report: Encodable, Sendable {
  public let traces: [Trace]
  public let scopes: [Scope]
  public let runs: [Run]
  public let asked: [Asked]
  public let profiles: [Profile]
  public let configurations: [Configuration]
  /// Bytes by kind of traffic of each configuration, and of dense attention on each scope.
  public let traffic: [Traffic]
  public let denseTraffic: [Traffic]
  /// Metrics by layer and query head.
  public let headMaps: [HeadMap]
  public let stages: [Stage]
  public let modelled: [ModelledTime]
  /// Rows of live runs.
  public let live: [LiveRow]
  public let counts: Counts

  /// How much a report may hold, so that its page stays light.
  public struct Limits: Sendable {
    public var configurations: Int
    /// Configurations whose heads are drawn one by one.
    public var headMaps: Int
    /// Cells of all their heat maps together; the first map is there whatever its size.
    public var headCells = 450_000
    /// Newest runs whose commands are listed.
    public var runs = 100
    /// Characters of a command that are kept of one that is longer than both, at its two ends.
    public var commandBegin = 1_000
    public var commandEnd = 2_000
    /// Cells of the calibration profiles, the newest first; one is there whatever its size.
    public var profileCells = 100_000
    /// Modelled times, taken configuration by configuration.
    public var modelledTimes = 20_000
    public var liveRows = 2_000
    /// Rows of `configurations` that alone are shown; nil for all.
    public var only: Set<Int64>?

    public init(configurations: Int = 2_000, headMaps: Int = 2_000) {
      self.configurations = configurations
      self.headMaps = headMaps
    }
  }

  /// What the database holds, beside what the report shows of it.
  public struct Counts: Encodable, Sendable {
    public let configurations: Int
    public let traces: Int
    public let profiles: Int
    public let runs: Int
    /// Configurations that have modelled times, and how many of them are shown.
    public let modelled: Int
    public let modelledShown: Int
    public let resamples: Int
    /// Fewer steps than this give no bootstrap interval.
    public let fewestSteps: Int
  }
}

extension ResultsStore {
  /// Gathers a report.
  ///
  /// - Parameter progress: Told how many configurations are done, of how many.
  /// - Throws: ``ResultsError``, where the database holds no configuration too.
  public func report(
    limits: Report.Limits = .init(), progress: (Int, Int) -> Void = { _, _ in }
  ) throws -> Report {
    try read { db in
      let chosen = try Report.chosen(limits.configurations, only: limits.only, db)
      let live = try Report.live(most: limits.liveRows, db)
      guard !chosen.isEmpty || !live.isEmpty else {
        throw ResultsError(
          .unknownConfiguration, file: self.file, expected: "a stored configuration", found: "none",
          advice: "replay a trace into it first")
      }
      let runs = try Report.runs(limits, db)
      let modelled = try Report.modelledTimes(chosen, most: limits.modelledTimes, db)
      return Report(
        traces: try Report.traces(chosen, db), scopes: try Report.scopes(chosen, db),
        runs: runs, asked: try Report.asked(chosen, runs, db), profiles: try Report.profiles(limits, db),
        configurations: try Report.configurations(chosen, progress: progress, db),
        traffic: try Report.traffic(chosen, db), denseTraffic: try Report.denseTraffic(chosen, db),
        headMaps: try Report.headMaps(chosen, limits, db),
        stages: try Report.stages(chosen, db), modelled: modelled.times, live: live,
        counts: Report.Counts(
          configurations: try Report.count("configurations", db), traces: try Report.count("traces", db),
          profiles: try Report.count("profiles", db), runs: try Report.count("runs", db),
          modelled: try Int.fetchOne(db, sql: "SELECT count(DISTINCT configuration) FROM modelled") ?? 0,
          modelledShown: modelled.configurations, resamples: Bootstrap.resamples,
          fewestSteps: PairedDifference.fewestSteps))
    }
  }
}

extension Report {
  fileprivate static func count(_ table: String, _ db: Database) throws -> Int {
    try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table)") ?? 0
  }

  /// The configurations to show: of each policy at each budget first the one of least output error, then the second, and so on,
  /// so that a bound leaves out variants before it leaves out policies.
  static func chosen(_ most: Int, only: Set<Int64>? = nil, _ db: Database) throws -> [Int64] {
    try Int64.fetchAll(
      db,
      sql: """
        WITH ranked AS (
          SELECT c.id, row_number() OVER (
            PARTITION BY c.scope, c.policy, c.budget ORDER BY q.output_error IS NULL, q.output_error, c.id) AS place
          FROM configurations AS c LEFT JOIN quality AS q ON q.configuration = c.id
          WHERE ?2 IS NULL OR c.id IN (SELECT value FROM json_each(?2)))
        SELECT id FROM ranked ORDER BY place, id LIMIT ?1
        """, arguments: [most, only.map { list($0.sorted()) }])
  }

  /// An argument for `IN (SELECT value FROM json_each(?))`.
  static func list(_ configurations: [Int64]) -> String {
    "[\(configurations.map(String.init).joined(separator: ","))]"
  }
}

extension Double {
  /// Six significant digits; nil where it is no number.
  package var shown: Double? {
    guard isFinite, self != 0 else { return isFinite ? 0 : nil }
    // A factor of ten is exact only as a whole number, so that small numbers are multiplied and large ones divided.
    let places = 5 - Int(log10(abs(self)).rounded(.down))
    guard abs(places) < 300 else { return self }
    let factor = pow(10, Double(abs(places)))
    return places >= 0 ? (self * factor).rounded() / factor : (self / factor).rounded() * factor
  }
}
