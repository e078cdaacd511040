import GRDB

/// Modelled decode times of two configurations under the same conditions, with the model's error beside them.
public struct ModelledDifference: Sendable, Equatable, Encodable {
  public let hardware: String
  public let geometry: String
  public let contextTokens: Int
  public let batch: Int
  /// `per-head` or `group-union`.
  public let reading: String
  /// Nanoseconds of one decode step: the sum of its stages, dense attention's left out; the mean over traces.
  public let aNs: Double
  public let bNs: Double
  /// How much faster B is, A's time over B's: the geometric mean over traces.
  public let speedup: Double
  /// The largest of the rows': median and 90th percentile of the model's relative error; nil where it is unknown.
  public let relativeErrorP50: Double?
  public let relativeErrorP90: Double?
  /// Whether the geometry or context is not the trace's.
  public let isExtrapolated: Bool

  /// Conditions that were modelled on every trace for both sides.
  static func all(_ pairs: [ComparedPair], _ db: Database) throws -> [ModelledDifference] {
    let found = try pairs.map { try conditions($0, db) }
    guard let first = found.first else { return [] }
    return try first.keys.sorted().compactMap { key in
      let rows = found.compactMap { $0[key] }
      guard rows.count == pairs.count, let row = rows.first else { return nil }
      return try ModelledDifference(
        hardware: row.value("hardware"), geometry: row.value("geometry"),
        contextTokens: row.value("context_tokens"),
        batch: row.value("batch"), reading: row.value("reading"), aNs: rows.map { try $0.value("a_ns") }.mean,
        bNs: rows.map { try $0.value("b_ns") }.mean,
        speedup: rows.map { try ($0.value("a_ns") as Double) / ($0.value("b_ns") as Double) }.geometricMean,
        relativeErrorP50: rows.compactMap { try $0.value("p50") as Double? }.max(),
        relativeErrorP90: rows.compactMap { try $0.value("p90") as Double? }.max(),
        isExtrapolated: rows.contains { try ($0.value("extrapolated") as Int) == 1 })
    }
  }

  /// By a text that tells conditions apart and sorts them.
  private static func conditions(_ pair: ComparedPair, _ db: Database) throws -> [String: Row] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        WITH priced AS (
          SELECT configuration, hardware, hardware_digest, geometry, context_tokens, batch, reading,
            sum(duration_ns) AS ns, max(relative_error_p50) AS p50, max(relative_error_p90) AS p90,
            max(extrapolated) AS extrapolated
          FROM modelled WHERE stage <> 'dense' AND configuration IN (?1, ?2)
          GROUP BY configuration, hardware, hardware_digest, geometry, context_tokens, batch, reading)
        SELECT own.hardware, own.geometry, own.context_tokens, own.batch, own.reading, own.ns AS a_ns, other.ns AS b_ns,
          nullif(max(ifnull(own.p50, -1), ifnull(other.p50, -1)), -1) AS p50,
          nullif(max(ifnull(own.p90, -1), ifnull(other.p90, -1)), -1) AS p90, max(own.extrapolated, other.extrapolated) AS extrapolated,
          own.hardware || ' ' || own.hardware_digest || ' ' || own.geometry
            || printf(' %012d %06d ', own.context_tokens, own.batch) || own.reading AS condition
        FROM priced AS own JOIN priced AS other USING (hardware_digest, geometry, context_tokens, batch, reading)
        WHERE own.configuration = ?1 AND other.configuration = ?2 AND own.ns > 0 AND other.ns > 0
        """, arguments: [pair.a.id, pair.b.id])
    return Dictionary(try rows.map { (try $0.value("condition"), $0) }) { first, _ in first }
  }
}
