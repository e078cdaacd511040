import GRDB

extension Report {
  /// As in `live_summary`.
  public struct LiveRow: ReportRow {
    public let liveRow: Int64
    public let liveRun: Int64
    public let task: String
    public let modelName: String
    public let engine: String
    public let textTitle: String?
    public let promptTokens: Int
    public let stepCount: Int?
    public let sampling: String
    public let policy: String
    public let label: String
    public let budget: String?
    public let nll: Double?
    public let nllDifference: Double?
    public let kl: Double?
    public let klLow: Double?
    public let klHigh: Double?
    public let noiseFloorKl: Double?
    public let flipped: Double?
    public let keysFound: Int?
    public let keysAsked: Int?
    public let recall: Double?
    public let openLoopRecall: Double?
    public let weightedOutputError: Double?
    public let openLoopWeightedOutputError: Double?
    public let readBytesShare: Double?
  }

  /// The newest runs' rows.
  static func live(most: Int, _ db: Database) throws -> [LiveRow] {
    try LiveRow.fetchAll(
      db, sql: "SELECT * FROM live_summary ORDER BY live_run DESC, live_row LIMIT ?", arguments: [most])
  }
}
