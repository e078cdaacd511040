import GRDB
import Simulator

extension ResultsStore {
  /// Stores a profile, once.
  ///
  /// - Parameter digest: SHA-256 of the profile's file, as configurations name it.
  /// - Returns: Whether it is new here.
  @discardableResult
  public func store(_ profile: CalibrationProfile, digest: String) throws -> Bool {
    try write { db in
      let sql = "SELECT EXISTS (SELECT 1 FROM profiles WHERE digest = ?)"
      if try Bool.fetchOne(db, sql: sql, arguments: [digest]) == true { return false }
      let model = profile.model
      try db.execute(
        sql: """
          INSERT INTO profiles (digest, version, model_name, model_sha256, model_layers, query_heads, kv_heads,
            head_dim, slices, pairing, texts)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          digest, profile.version, model.name, model.sha256, model.layers, model.queryHeads, model.kvHeads,
          model.headDim, profile.slices.rawValue, profile.pairing.rawValue,
          try CanonicalText.json(profile.texts),
        ])
      try insertAgreement(profile, key: Int(db.lastInsertedRowID), db)
      return true
    }
  }

  private func insertAgreement(_ profile: CalibrationProfile, key: Int, _ db: Database) throws {
    var rows = try BulkInsert(
      db, into: "contextual_agreement",
      columns: ["profile", "layer", "window", "query_head", "chunk", "agreement"])
    for layer in profile.layers {
      for (head, chunks) in layer.agreement.enumerated() {
        for (chunk, agreement) in chunks.enumerated() {
          rows.bind(key)
          rows.bind(layer.layer)
          rows.bind(layer.window)
          rows.bind(head)
          rows.bind(chunk)
          rows.bind(agreement)
          try rows.insert()
        }
      }
    }
  }
}
