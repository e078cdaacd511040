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
    return first.keys.sorted().compactMap { key in
      let rows = found.compactMap { $0[key] }
      guard rows.count == pairs.count, let row = rows.first else { return nil }
      return ModelledDifference(
        hardware: row["hardware"], geometry: row["geometry"], contextTokens: row["context_tokens"],
        batch: row["batch"], reading: row["reading"], aNs: rows.map { $0["a_ns"] }.mean,
        bNs: rows.map { $0["b_ns"] }.mean,
        speedup: rows.map { ($0["a_ns"] as Double) / ($0["b_ns"] as Double) }.geometricMean,
        relativeErrorP50: rows.compactMap { $0["p50"] as Double? }.max(),
        relativeErrorP90: rows.compactMap { $0["p90"] as Double? }.max(),
        isExtrapolated: rows.contains { ($0["extrapolated"] as Int) == 1 })
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
        SELECT a.hardware, a.geometry, a.context_tokens, a.batch, a.reading, a.ns AS a_ns, b.ns AS b_ns,
          nullif(max(ifnull(a.p50, -1), ifnull(b.p50, -1)), -1) AS p50,
          nullif(max(ifnull(a.p90, -1), ifnull(b.p90, -1)), -1) AS p90, max(a.extrapolated, b.extrapolated) AS extrapolated,
          a.hardware || ' ' || a.hardware_digest || ' ' || a.geometry
            || printf(' %012d %06d ', a.context_tokens, a.batch) || a.reading AS condition
        FROM priced AS a JOIN priced AS b USING (hardware_digest, geometry, context_tokens, batch, reading)
        WHERE a.configuration = ?1 AND b.configuration = ?2 AND a.ns > 0 AND b.ns > 0
        """, arguments: [pair.a.id, pair.b.id])
    return Dictionary(uniqueKeysWithValues: rows.map { ($0["condition"], $0) })
  }
}
