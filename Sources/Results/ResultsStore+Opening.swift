import Foundation
import GRDB

extension ResultsStore {
  /// SQLite would say "unable to open database file" for all of these.
  static func checkPlace(_ path: String, access: Access) throws {
    if path == ":memory:" { return }
    let folder = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw ResultsError(
        .folderMissing, file: path, expected: "the folder \(folder)", found: "none",
        advice: "create it, or name another file")
    }
    let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    if exists, isFolder.boolValue {
      throw ResultsError(
        .notADatabase, file: path, expected: "a SQLite database", found: "a folder",
        advice: "name a file in it")
    }
    if !exists, access == .readOnly {
      throw ResultsError(
        .fileMissing, file: path, expected: "a database", found: "no such file",
        advice: "check the path; `fasa-sim replay --db` makes one")
    }
  }

  /// Looks before anything is written, so that another program's database is left as it was.
  static func checkOwner(_ database: DatabaseQueue, file: String) throws {
    let (owner, tables) = try database.read { db in
      (
        try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0,
        // GRDB's own table is there a moment before the first migration, while another process makes the file.
        try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master WHERE tbl_name <> 'grdb_migrations'")
          ?? 0
      )
    }
    if tables > 0, owner != Schema.applicationID {
      throw ResultsError(
        .otherProgram, file: file, expected: "a database of fasa-sim", found: "one of another program",
        advice: "name another file")
    }
  }

  static func checkVersion(_ database: DatabaseQueue, file: String) throws {
    let (known, found, unfinished) = try database.read { db in
      let applied = try Schema.migrator.appliedIdentifiers(db)
      let known = Schema.migrator.migrations
      return (known, applied.subtracting(known).sorted(), known.filter { !applied.contains($0) })
    }
    if let newer = found.last {
      throw ResultsError(
        .newerVersion, file: file, expected: "a schema up to '\(known.last ?? "")'", found: "'\(newer)'",
        advice: "use the newer fasa-sim that wrote it, or name another file")
    }
    if let missing = unfinished.first {
      throw ResultsError(
        .olderVersion, file: file, expected: "a schema with '\(missing)'", found: "an older one",
        advice: "run a command that writes to it, such as `fasa-sim replay --db`, which upgrades it")
    }
  }
}

extension ResultsStore {
  /// Brings an older or empty database up to date; leaves a newer one alone.
  static func upgrade(_ database: DatabaseQueue, patience: Double) throws {
    if try database.read(Schema.migrator.hasBeenSuperseded) { return }
    try enterWAL(database, patience: patience)
    try Schema.migrator.migrate(database)
  }

  /// Readers then never wait for a writer. SQLite refuses the change at once, without waiting, while another
  /// connection is open in the old mode.
  private static func enterWAL(_ database: DatabaseQueue, patience: Double) throws {
    if database.path == ":memory:" { return }
    let deadline = Date(timeIntervalSinceNow: patience)
    while true {
      do {
        return try database.writeWithoutTransaction { db in
          try db.execute(sql: "PRAGMA journal_mode = WAL")
          // A power cut may lose the last transactions but never damages the file.
          try db.execute(sql: "PRAGMA synchronous = NORMAL")
        }
      } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && Date() < deadline {
        Thread.sleep(forTimeInterval: 0.01)
      }
    }
  }
}
