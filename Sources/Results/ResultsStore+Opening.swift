import Foundation
import GRDB
import Pricing

extension ResultsStore {
  static func open(
    _ path: String, access: Access, busyTimeout: Double, waiting: @escaping @Sendable (String) -> Void
  ) throws -> Connection {
    if path == DatabasePath.memory, access == .readWrite {
      let memory = try DatabaseQueue()
      _ = try memory.write(Schema.makeNewest)
      return Connection(database: memory)
    }
    let place = try DatabasePath(path)
    try checkPlace(place, access: access)
    var configuration = Configuration()
    configuration.readonly = access == .readOnly
    configuration.busyMode =
      Patience(seconds: busyTimeout) {
        let holder = LockHolders.text(of: place.path) ?? "another process"
        waiting("\(path) is locked by \(holder): waiting \(Int(busyTimeout)) s at most")
      }.busyMode
    let opened =
      try access == .readOnly
      ? openToRead(place, configuration)
      : Connection(database: DatabaseQueue(path: place.path, configuration: configuration))
    try checkOwner(opened.database, file: path)
    try whileMade(patience: busyTimeout) {
      if access == .readWrite { try upgrade(opened.database, patience: busyTimeout) }
      try checkVersion(opened.database, place)
    }
    return opened
  }

  /// Looks again while another process makes the file: GRDB's own table can be seen, and be gone when it is read,
  /// since who made it had to give way and begins anew.
  private static func whileMade(patience: Double, _ body: () throws -> Void) throws {
    let deadline = Date(timeIntervalSinceNow: patience)
    while true {
      do {
        return try body()
      } catch let error as DatabaseError
        where error.message == "no such table: grdb_migrations" && Date() < deadline
      {
        Thread.sleep(forTimeInterval: 0.01)
      }
    }
  }

  /// SQLite would say "unable to open database file" for all of these.
  static func checkPlace(_ place: DatabasePath, access: Access) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: place.folder, isDirectory: &isFolder), isFolder.boolValue
    else {
      throw ResultsError(
        .folderMissing, file: place.file, expected: "the folder \(place.folder)", found: "none",
        advice: "create it, or name another file")
    }
    let exists = FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder)
    if exists, isFolder.boolValue {
      throw ResultsError(
        .notADatabase, file: place.file, expected: "a SQLite database", found: "a folder",
        advice: "name a file in it")
    }
    // SQLite would wait for ever for somebody to write into a pipe.
    if exists, FileState(place.path)?.isOrdinary != true {
      throw ResultsError(
        .notADatabase, file: place.file, expected: "a SQLite database", found: "no ordinary file",
        advice: "name another file")
    }
    if !exists, access == .readOnly {
      throw ResultsError(
        .fileMissing, file: place.file, expected: "a database", found: "no such file",
        advice: "check the path, or replay a trace into it")
    }
    if access == .readWrite { try checkWritable(place, exists: exists) }
  }

  /// SQLite would open it to read, and refuse the first write, which may come after hours of work.
  private static func checkWritable(_ place: DatabasePath, exists: Bool) throws {
    func refuse(_ what: String) -> ResultsError {
      ResultsError(
        .readOnly, file: place.file, expected: "\(what) that may be written",
        found: String(cString: strerror(errno)),
        advice: "change its permissions, or copy the database to where it may be written")
    }
    if exists, access(place.path, W_OK) != 0 { throw refuse("a database") }
    let holdsLog = FileState(place.log) != nil && FileState(place.index) != nil
    if !holdsLog, access(place.folder, W_OK) != 0 { throw refuse("the folder \(place.folder)") }
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

  static func checkVersion(_ database: DatabaseQueue, _ place: DatabasePath) throws {
    let file = place.file
    let (known, found, unfinished, isEmpty) = try database.read { db in
      let applied = try Schema.migrator.appliedIdentifiers(db)
      let known = Schema.migrator.migrations
      return (
        known, applied.subtracting(known).sorted(), known.filter { !applied.contains($0) },
        try Schema.isEmpty(db)
      )
    }
    if isEmpty {
      throw ResultsError(
        .fileMissing, file: file, expected: "a database", found: "an empty one",
        advice: "check the path, or replay a trace into it")
    }
    if let newer = found.last {
      throw ResultsError(
        .newerVersion, file: file, expected: "a schema up to '\(known.last ?? "")'", found: "'\(newer)'",
        advice: "use the newer fasa-sim that wrote it, or name another file")
    }
    if let missing = unfinished.first {
      throw ResultsError(
        .olderVersion, file: file, expected: "a schema with '\(missing)'", found: "an older one",
        advice: place.isWritable
          ? "write to it, as a replay into it does, which upgrades it"
          : "it may not be written here: copy it to where it may be, and write to the copy, as a replay into it does, which upgrades it"
      )
    }
  }
}

extension ResultsStore {
  /// Brings an older or empty database up to date; leaves a newer one alone.
  ///
  /// Others may do the same at the same time: each step is one transaction of SQLite's, and who comes second to a step
  /// finds it done.
  static func upgrade(_ database: DatabaseQueue, patience: Double) throws {
    if try database.read(Schema.migrator.hasBeenSuperseded) { return }
    try enterWAL(database, patience: patience)
    // Looked at first, since to write one would wait for who writes.
    if try database.read(Schema.isEmpty), try database.write(Schema.makeNewest) { return }
    func missing() throws -> Int {
      try database.read { db in
        Set(Schema.migrator.migrations).subtracting(try Schema.migrator.appliedIdentifiers(db)).count
      }
    }
    var left = try missing()
    while left > 0 {
      do {
        try Schema.migrator.migrate(database)
        left = 0
      } catch let error as DatabaseError {
        let now = try missing()
        guard now < left else { throw error }
        left = now
      }
    }
  }

  /// Readers then never wait for a writer. SQLite refuses the change at once, without waiting, while another
  /// connection is open in the old mode.
  private static func enterWAL(_ database: DatabaseQueue, patience: Double) throws {
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
