import GRDB

extension ResultsStore {
  /// Of each label the mean divergence (KL, nats a token) of its stored live runs from dense attention's answers.
  public func meanDivergences() throws -> [String: Double] {
    try read { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT label, avg(kl) AS kl FROM live_rows WHERE kl IS NOT NULL GROUP BY label")
      return Dictionary(
        try rows.map { (try $0.value("label"), try $0.value("kl")) }, uniquingKeysWith: { first, _ in first })
    }
  }
}
