import GRDB

/// Rows whose columns are named as their properties, in snake case.
protocol ReportRow: Codable, Sendable, FetchableRecord {}

extension ReportRow {
  public static var databaseColumnDecodingStrategy: DatabaseColumnDecodingStrategy { .convertFromSnakeCase }
}

extension Report {
  /// As in `traces`.
  public struct Trace: ReportRow {
    public let id: Int64
    public let digest: String
    public let path: String
    public let fileBytes: Int
    public let modelName: String
    public let modelArchitecture: String
    public let modelWeights: String
    public let modelLayers: Int
    public let queryHeads: Int
    public let kvHeads: Int
    public let headDim: Int
    public let promptTokens: Int
    public let decodeTokens: Int
    public let textTitle: String
    public let textLicence: String
    public let textKind: String
    public let captureTool: String
    public let captureEngine: String
    public let captureSampling: String
  }

  /// As in `scopes`.
  public struct Scope: ReportRow {
    public let id: Int64
    public let trace: Int64
    public let layers: String
    public let queryHeads: String
    public let steps: String
    public let stepCount: Int
  }

  /// As in `runs`, the newest first.
  public struct Run: ReportRow {
    public let id: Int64
    public let commandLine: String
    public let toolVersion: String
    public let gitCommit: String?
    public let hostCpu: String
    public let instructionSet: String
    public let threads: Int
    public let readBandwidthBytesPerS: Double?
    public let startedAt: String
    public let endedAt: String?
    public let exactResultsDigest: String?
  }

  /// A configuration that a run asked for, both of those shown.
  public struct Asked: ReportRow {
    public let run: Int64
    public let configuration: Int64
  }

  /// A calibration profile, with contextual agreement averaged two ways for each window.
  public struct Profile: Encodable, Sendable {
    public let digest: String
    public let modelName: String
    public let slices: String
    /// Titles of the texts that calibrated.
    public let texts: [String]
    public let windows: [Window]

    public struct Window: Encodable, Sendable {
      public let window: Int
      /// Mean over chunks: (layer, query head, agreement).
      public let heads: [Cell]
      /// Mean over query heads: (layer, chunk, agreement).
      public let chunks: [Cell]
    }

    public struct Cell: Encodable, Sendable {
      public let layer: Int
      public let column: Int
      public let value: Double?
    }
  }

  /// Those of the configurations that are shown: a sweep may have had thousands.
  static func traces(_ chosen: [Int64], _ db: Database) throws -> [Trace] {
    try Trace.fetchAll(
      db,
      sql:
        "SELECT * FROM traces WHERE id IN (SELECT trace FROM configurations WHERE \(isChosen)) ORDER BY id",
      arguments: [list(chosen)])
  }

  static func scopes(_ chosen: [Int64], _ db: Database) throws -> [Scope] {
    try Scope.fetchAll(
      db,
      sql:
        "SELECT * FROM scopes WHERE id IN (SELECT scope FROM configurations WHERE \(isChosen)) ORDER BY trace, id",
      arguments: [list(chosen)])
  }

  static let isChosen = "id IN (SELECT value FROM json_each(?))"

  /// Command lines may name thousands of traces: of long ones the beginning and the end are kept.
  static func runs(_ limits: Limits, _ db: Database) throws -> [Run] {
    try Run.fetchAll(
      db,
      sql: """
        SELECT CASE WHEN length(command_line) > ?1 + ?2
            THEN substr(command_line, 1, ?1) || ' … ' || (length(command_line) - ?1 - ?2) || ' characters … '
              || substr(command_line, -?2)
            ELSE command_line END AS command_line, *
        FROM runs ORDER BY id DESC LIMIT ?3
        """, arguments: [limits.commandBegin, limits.commandEnd, limits.runs])
  }

  static func asked(_ chosen: [Int64], _ runs: [Run], _ db: Database) throws -> [Asked] {
    try Asked.fetchAll(
      db,
      sql: """
        SELECT run, configuration FROM run_configurations WHERE run IN (SELECT value FROM json_each(?))
          AND configuration IN (SELECT value FROM json_each(?)) ORDER BY run, configuration
        """, arguments: [list(runs.map(\.id)), list(chosen)])
  }

  /// The newest, until the next would make more cells than the limit; in the order of their keys.
  static func profiles(_ limits: Limits, _ db: Database) throws -> [Profile] {
    let sql = """
      SELECT id, digest, model_name, slices,
        (SELECT json_group_array(json_extract(value, '$.title')) FROM json_each(texts)) AS titles
      FROM profiles ORDER BY id DESC
      """
    var profiles: [Profile] = []
    var cells = 0
    let rows = try Row.fetchCursor(db, sql: sql)
    while let row = try rows.next() {
      let profile = try profile(row, db)
      cells += profile.windows.reduce(0) { $0 + $1.heads.count + $1.chunks.count }
      if cells > limits.profileCells, !profiles.isEmpty { break }
      profiles.append(profile)
    }
    return profiles.reversed()
  }

  private static func profile(_ row: Row, _ db: Database) throws -> Profile {
    let id: Int64 = try row.value("id")
    let windows = try Int.fetchAll(
      db, sql: "SELECT DISTINCT window FROM contextual_agreement WHERE profile = ? ORDER BY window",
      arguments: [id])
    return try Profile(
      digest: row.value("digest"), modelName: row.value("model_name"), slices: row.value("slices"),
      texts: CanonicalText.strings(row.value("titles")),
      windows: windows.map { window in
        Profile.Window(
          window: window, heads: try cells("query_head", id, window, db),
          chunks: try cells("chunk", id, window, db))
      })
  }

  private static func cells(
    _ column: String, _ profile: Int64, _ window: Int, _ db: Database
  ) throws -> [Profile.Cell] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT layer, \(column) AS place, avg(agreement) AS mean FROM contextual_agreement
        WHERE profile = ? AND window = ? GROUP BY layer, \(column) ORDER BY layer, \(column)
        """, arguments: [profile, window]
    ).map {
      try Profile.Cell(
        layer: $0.value("layer"), column: $0.value("place"), value: ($0.value("mean") as Double?)?.shown)
    }
  }
}
