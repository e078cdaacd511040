import GRDB

extension Report {
  /// The modelled time of one decode step, its stages added up.
  public struct ModelledTime: ReportRow {
    public let configuration: Int64
    public let hardware: String
    public let geometry: String
    public let contextTokens: Int
    public let batch: Int
    public let reading: String
    /// Nil where only dense attention was priced.
    public let policyNs: Double?
    /// Dense attention's; nil where it was not priced.
    public let denseNs: Double?
    /// The largest 90th percentile of the stages' relative errors: what the sum's cannot exceed if theirs do not.
    public let relativeErrorP90: Double?
    public let extrapolated: Bool
  }

  /// Whole configurations in the order of `chosen`, until the next would make more than `most` times.
  static func modelledTimes(
    _ chosen: [Int64], most: Int, _ db: Database
  ) throws -> (times: [ModelledTime], configurations: Int) {
    // Two descriptions of one name are told apart by their digests.
    let names = try String.fetchAll(
      db, sql: "SELECT hardware FROM modelled GROUP BY hardware HAVING count(DISTINCT hardware_digest) > 1")
    let ambiguous = try CanonicalText.json(names)
    var times: [ModelledTime] = []
    var configurations = 0
    for configuration in chosen {
      let rows = try ModelledTime.fetchAll(db, sql: modelledSQL, arguments: [configuration, ambiguous])
      if rows.isEmpty { continue }
      if times.count + rows.count > most { break }
      times += rows
      configurations += 1
    }
    return (times, configurations)
  }

  private static let modelledSQL = """
    SELECT configuration,
      hardware || CASE WHEN hardware IN (SELECT value FROM json_each(?2))
        THEN ' ' || substr(hardware_digest, 1, 8) ELSE '' END AS hardware,
      geometry, context_tokens, batch, reading,
      sum(CASE WHEN stage <> 'dense' THEN duration_ns END) AS policy_ns,
      sum(CASE WHEN stage = 'dense' THEN duration_ns END) AS dense_ns,
      max(relative_error_p90) AS relative_error_p90, max(extrapolated) AS extrapolated
    FROM modelled WHERE configuration = ?1
    GROUP BY configuration, hardware, hardware_digest, geometry, context_tokens, batch, reading
    ORDER BY hardware, geometry, context_tokens, batch, reading
    """
}
