import GRDB

/// The database's versions, oldest first.
///
/// A migration that was released is never edited: it must do on an old file what it did when it was new.
/// So the SQL is spelt out here rather than derived from types that may grow.
enum Schema {
  /// "FASA" in ASCII, by which a file is known as ours.
  static let applicationID: Int32 = 0x4641_5341

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: traces, runs, configurations and their results") { db in
      try db.execute(sql: "PRAGMA application_id = \(applicationID)")
      for part in [
        inputTables, configurationTables, metricTables, trafficTables, timeTables, calibrationTables,
      ] {
        try db.execute(sql: part)
      }
      for part in [qualityViews, timeViews, summaryView, comparisonView(compared), paretoView] {
        try db.execute(sql: part)
      }
    }
    migrator.registerMigration("2: modelled speed-ups") { db in
      try db.execute(sql: modelledView)
    }
    migrator.registerMigration("3: builds, and decode steps counted from 0") { db in
      try markBuilds(db)
      try countDecodeSteps(db)
    }
    migrator.registerMigration("4: totals by configuration, finite metrics") { db in
      try db.execute(sql: finiteMetrics)
      try db.execute(sql: totalTables)
      try db.execute(sql: configurationTotals(""))
      try db.execute(sql: scopeTotals(""))
      try db.execute(sql: kernelMedians(""))
      try db.execute(sql: kernelStageTotals(""))
      try db.execute(sql: totalViews)
    }
    migrator.registerMigration("5: bytes by operation") { db in
      try nameOperations(db)
    }
    migrator.registerMigration("6: output errors weighted by norm") { db in
      try weighOutputErrors(db)
    }
    migrator.registerMigration("7: live models") { db in
      try db.execute(sql: liveTables)
    }
    migrator.registerMigration("8: output errors after the output projection") { db in
      try projectOutputErrors(db)
    }
    migrator.registerMigration("9: hot buffers before a cache on the host") { db in
      try countHotBuffers(db)
    }
    migrator.registerMigration("10: blocks that evictors free") { db in
      try countFreedBlocks(db)
    }
    migrator.registerMigration("11: sums of each decode step") { db in
      try sumSteps(db)
    }
    migrator.registerMigration("12: hosts of runs") { db in
      try db.execute(sql: hostColumn)
    }
    return migrator
  }
}
