import GRDB

/// What the views say of a configuration is summed when it is stored.
extension ResultWriter {
  func insertTotals(_ id: ConfigurationID) throws {
    try db.execute(sql: Schema.configurationTotals("WHERE configuration = ?1"), arguments: [id.rawValue])
    try db.execute(sql: Schema.weightedTotals("WHERE configuration = ?1"), arguments: [id.rawValue])
    try db.execute(sql: Schema.projectedTotals("WHERE configuration = ?1"), arguments: [id.rawValue])
    try db.execute(sql: Schema.hotTotals("WHERE configuration = ?1"), arguments: [id.rawValue])
    try db.execute(sql: Schema.freedTotals("WHERE configuration = ?1"), arguments: [id.rawValue])
  }

  func insertScopeTotals(_ scope: Int64) throws {
    try db.execute(sql: Schema.scopeTotals("WHERE scope = ?1"), arguments: [scope])
  }

  func insertMedians(_ id: ConfigurationID) throws {
    let own = "WHERE configuration = ?1 AND run = ?2"
    try db.execute(sql: Schema.kernelGroupMedians(own), arguments: [id.rawValue, run.rawValue])
    try db.execute(sql: Schema.kernelStageTotals(own), arguments: [id.rawValue, run.rawValue])
  }
}
