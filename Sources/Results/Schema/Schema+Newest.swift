import GRDB

extension Schema {
  static func isEmpty(_ db: Database) throws -> Bool {
    try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") == 0
  }

  /// Makes an empty database one of the newest version, in the transaction that it is called in.
  ///
  /// Of what the migrations do, in a fraction of their time: they make views again and again, and what is renamed or dropped is
  /// looked for in all of them. Here these come last.
  ///
  /// - Returns: whether it was empty: where another process made it meanwhile, nothing is done.
  static func makeNewest(_ db: Database) throws -> Bool {
    guard try isEmpty(db) else { return false }
    try db.execute(sql: "PRAGMA application_id = \(applicationID)")
    // As GRDB names it, so that its migrator takes the file from here.
    try db.execute(sql: "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
    for part in newestTables + newestViews { try db.execute(sql: part) }
    for version in migrator.migrations {
      try db.execute(sql: "INSERT INTO grdb_migrations VALUES (?)", arguments: [version])
    }
    return true
  }

  /// Version by version.
  private static let newestTables = [
    inputTables, configurationTables, metricTables, trafficTables, timeTables, calibrationTables,
    configurationsWithBuilds, scopesWithPositions,
    totalTables,
    operations("traffic", "configuration", "configurations"), operations("dense_traffic", "scope", "scopes"),
    prefetchesColumn, threadsColumn,
    weightColumns,
    projectedColumn, layerTables,
    hotColumns, hotTables,
    freedColumn, freedTable,
    stepSumTable,
    hostColumn,
  ]

  private static let newestViews = [
    comparisonView(weighedComparison), paretoView, modelledView, qualityView(projectedColumns), sumViews,
    summaryView(freedColumns), workView, projectedLayerView, hotView, stepView, liveTables,
  ]
}
