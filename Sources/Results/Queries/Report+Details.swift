import Attention
import GRDB

extension Report {
  /// Bytes of one kind, read and written, over all scored steps, layers and KV heads.
  public struct Traffic: ReportRow {
    /// `configurations.id`; `scopes.id` for dense attention.
    public let owner: Int64
    public let content: String
    public let tier: String
    public let pattern: String
    public let perHeadBytes: Int
    public let groupUnionBytes: Int
  }

  /// Means over steps by layer and query head: one value per entry of `layers`.
  public struct HeadMap: Encodable, Sendable {
    public let configuration: Int64
    public let layers: [Int]
    public let queryHeads: [Int]
    public let recall: [Double?]
    public let outputError: [Double?]
  }

  /// As in `kernel_stages`, of the last run that timed the configuration.
  public struct Stage: ReportRow {
    public let configuration: Int64
    public let run: Int64
    public let stage: String
    public let samples: Int
    public let medianNs: Double
    public let meanMovedBytes: Double
    public let bandwidthBytesPerS: Double
    public let readBandwidthShare: Double?
  }

  static func traffic(_ chosen: [Int64], _ db: Database) throws -> [Traffic] {
    try Traffic.fetchAll(
      db,
      sql: trafficSQL(
        "configuration", of: "traffic WHERE configuration IN (SELECT value FROM json_each(?))"),
      arguments: [list(chosen)])
  }

  static func denseTraffic(_ chosen: [Int64], _ db: Database) throws -> [Traffic] {
    try Traffic.fetchAll(
      db,
      sql: trafficSQL(
        "scope", of: "dense_traffic WHERE scope IN (SELECT scope FROM configurations WHERE \(isChosen))"),
      arguments: [list(chosen)])
  }

  private static func trafficSQL(_ owner: String, of rows: String) -> String {
    """
    SELECT \(owner) AS owner, content, tier, pattern, sum(read_per_head_bytes + written_bytes) AS per_head_bytes,
      sum(read_group_union_bytes + written_bytes) AS group_union_bytes
    FROM \(rows) GROUP BY \(owner), content, tier, pattern ORDER BY \(owner), content, tier, pattern
    """
  }

  /// Whole configurations in the order of `chosen`, until the next would make more cells than the limit.
  static func headMaps(_ chosen: [Int64], _ limits: Limits, _ db: Database) throws -> [HeadMap] {
    var maps: [HeadMap] = []
    var cells = 0
    for configuration in chosen.prefix(limits.headMaps) {
      let map = try headMap(configuration, db)
      cells += map.recall.count + map.outputError.count
      if cells > limits.headCells, !maps.isEmpty { break }
      maps.append(map)
    }
    return maps
  }

  private static func headMap(_ configuration: Int64, _ db: Database) throws -> HeadMap {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT layer, query_head, recall_mean, output_error_mean FROM head_summaries
        WHERE configuration = ? ORDER BY layer, query_head
        """, arguments: [configuration])
    return try HeadMap(
      configuration: configuration, layers: rows.map { try $0.value("layer") },
      queryHeads: rows.map { try $0.value("query_head") },
      recall: rows.map { try ($0.value("recall_mean") as Double?)?.shown },
      outputError: rows.map { try ($0.value("output_error_mean") as Double?)?.shown })
  }

  static func stages(_ chosen: [Int64], _ db: Database) throws -> [Stage] {
    // One by one, so that each looks at its own samples.
    let one = try db.makeStatement(
      sql: """
        SELECT * FROM kernel_stages WHERE configuration = ?1
          AND run = (SELECT max(run) FROM kernel_samples WHERE configuration = ?1) ORDER BY stage
        """)
    return try chosen.sorted().flatMap { try Stage.fetchAll(one, arguments: [$0]) }
  }
}
