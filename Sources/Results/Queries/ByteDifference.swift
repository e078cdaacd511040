import GRDB

/// Bytes moved by two configurations under one reading of a GQA group, as shares of dense attention's: exact, so that
/// there is no interval. Traces weigh alike.
public struct ByteDifference: Sendable, Equatable, Encodable {
  /// `per-head` or `group-union`.
  public let reading: String
  /// Shares of dense attention's bytes.
  public let a: Double
  public let b: Double
  /// B less A.
  public let difference: Double

  static func all(_ pairs: [ComparedPair], _ db: Database) throws -> [ByteDifference] {
    try [("per-head", "per_head_bytes_share"), ("group-union", "group_union_bytes_share")].map {
      reading, column in
      func mean(_ sides: [ComparedSide]) throws -> Double {
        try sides.compactMap {
          try Double.fetchOne(
            db, sql: "SELECT \(column) FROM bytes WHERE configuration = ?", arguments: [$0.id])
        }.mean
      }
      let (a, b) = (try mean(pairs.map(\.a)), try mean(pairs.map(\.b)))
      return ByteDifference(reading: reading, a: a, b: b, difference: b - a)
    }
  }
}
