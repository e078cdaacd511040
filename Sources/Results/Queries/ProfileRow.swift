import Attention
import Foundation
import GRDB
import Policies
import Simulator

/// A stored calibration profile.
public struct ProfileRow: Codable, Sendable, Equatable, FetchableRecord {
  /// SHA-256 of the profile's file.
  public let digest: String
  public let modelName: String
  public let slices: String
  public let pairing: String
  /// JSON, as in the file.
  public let texts: String

  public static var databaseColumnDecodingStrategy: DatabaseColumnDecodingStrategy { .convertFromSnakeCase }
}

extension ResultsStore {
  /// All stored profiles in the order in which they were stored.
  public func profiles() throws -> [ProfileRow] {
    try read { db in
      try ProfileRow.fetchAll(
        db, sql: "SELECT digest, model_name, slices, pairing, texts FROM profiles ORDER BY id")
    }
  }

  /// Contextual agreement of a stored profile, nil where there is none of that digest.
  public func contextualAgreement(profileDigest: String) throws -> ContextualAgreement? {
    try read { db in
      let sql = "SELECT id, slices, pairing FROM profiles WHERE digest = ?"
      guard let row = try Row.fetchOne(db, sql: sql, arguments: [profileDigest]),
        let slices = try ContextualAgreement.Slices(rawValue: row.value("slices")),
        let pairing = try RopePairing(rawValue: row.value("pairing"))
      else { return nil }
      var agreement = ContextualAgreement(slices: slices, pairing: pairing, values: [:])
      let cells = try Row.fetchCursor(
        db,
        sql: """
          SELECT layer, window, query_head, agreement FROM contextual_agreement WHERE profile = ?
          ORDER BY layer, window, query_head, chunk
          """, arguments: [row.value("id") as Int64])
      while let cell = try cells.next() {
        let key = try ContextualAgreement.Key(layer: cell.value("layer"), window: cell.value("window"))
        let head: Int = try cell.value("query_head")
        var heads = agreement.values[key, default: []]
        guard (0...heads.count).contains(head) else {
          throw ResultsError(
            .damaged, file: file, part: "contextual_agreement",
            expected: "query heads from 0 on, none left out",
            found: "head \(head) after \(heads.count)", advice: ResultsError.restore)
        }
        if heads.count == head { heads.append([]) }
        heads[head].append(try cell.value("agreement") ?? .nan)
        agreement.values[key] = heads
      }
      return agreement
    }
  }
}
