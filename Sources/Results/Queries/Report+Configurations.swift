import GRDB

extension Report {
  /// A line of `summary`, with intervals.
  public struct Configuration: Encodable, Sendable {
    public let id: Int64
    public let scope: Int64
    public let policy: String
    public let kind: String
    public let label: String
    public let parameters: String
    public let budget: String?
    public let seed: String
    public let profileDigest: String?
    /// The build that computed it, by its first digits.
    public let build: String
    public let recall: Estimate
    public let mass: Estimate
    public let outputError: Estimate
    /// Without a value where an older fasa-sim stored it.
    public let weightedOutputError: Estimate
    /// Without a value where the trace holds no output projections, too.
    public let projectedOutputError: Estimate
    /// What these estimates' intervals are.
    public let intervals: IntervalKind
    public let lowestHeadRecall: Double?
    public let massRatio: Double?
    public let highestHeadOutputError: Double?
    public let oracleOutputError: Double?
    public let selected: Double?
    public let selectedShare: Double?
    public let tokensReadShare: Double?
    public let perHeadBytesShare: Double?
    public let groupUnionBytesShare: Double?
    public let residentBytes: Double?
    public let denseResidentBytes: Double?
    public let timingRun: Int64?
    public let speedup: Estimate
    public let exactResultsDigest: String
  }

  /// A value and where it lies; nil is undefined, or not measured.
  public struct Estimate: Encodable, Sendable, Equatable {
    public let value: Double?
    public let low: Double?
    public let high: Double?

    init(_ value: Double?, _ interval: ClosedRange<Double>? = nil) {
      self.value = value?.shown
      low = interval?.lowerBound.shown
      high = interval?.upperBound.shown
    }
  }

  public enum IntervalKind: String, Encodable, Sendable {
    /// 95 % of the means of steps drawn anew.
    case steps
    /// 5th to 95th percentile of the heads' means, or of the layers' where the metric is of whole layers: their spread,
    /// not the doubt about the mean.
    case heads
  }

  /// In the order of their keys.
  static func configurations(
    _ chosen: [Int64], progress: (Int, Int) -> Void, _ db: Database
  ) throws -> [Configuration] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT s.*, c.profile_digest, resident_device_bytes + resident_host_bytes AS resident_bytes
        FROM summary AS s JOIN configurations AS c ON c.id = s.configuration
        WHERE c.id IN (SELECT value FROM json_each(?)) ORDER BY c.id
        """, arguments: [list(chosen)])
    return try rows.enumerated().map { index, row in
      progress(index, rows.count)
      return try configuration(row, db)
    }
  }

  private static func configuration(_ row: Row, _ db: Database) throws -> Configuration {
    let id: Int64 = try row.value("configuration")
    let (kind, intervals) = try qualityIntervals(id, db)
    func estimate(_ metric: String) throws -> Estimate { Estimate(try row.value(metric), intervals[metric]) }
    func number(_ column: String) throws -> Double? { try (row.value(column) as Double?)?.shown }
    let run: Int64? = try row.value("timing_run")
    return try Configuration(
      id: id, scope: row.value("scope"), policy: row.value("policy"), kind: row.value("kind"),
      label: row.value("label"),
      parameters: row.value("parameters"), budget: row.value("budget"), seed: row.value("seed"),
      profileDigest: row.value("profile_digest"), build: SourceBuild.short(row.value("build")),
      recall: estimate("recall"), mass: estimate("mass"),
      outputError: estimate("output_error"), weightedOutputError: estimate("weighted_output_error"),
      projectedOutputError: estimate("projected_output_error"),
      intervals: kind,
      lowestHeadRecall: number("lowest_head_recall"), massRatio: number("mass_ratio"),
      highestHeadOutputError: number("highest_head_output_error"),
      oracleOutputError: number("oracle_output_error"), selected: number("selected"),
      selectedShare: number("selected_share"), tokensReadShare: number("tokens_read_share"),
      perHeadBytesShare: number("per_head_bytes_share"),
      groupUnionBytesShare: number("group_union_bytes_share"),
      residentBytes: number("resident_bytes"), denseResidentBytes: number("dense_resident_bytes"),
      timingRun: run,
      speedup: Estimate(
        row.value("kernel_speedup"), run.flatMap { try speedupInterval(id, run: $0, db) }),
      exactResultsDigest: row.value("exact_results_digest"))
  }
}
