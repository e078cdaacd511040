import Foundation
import GRDB

extension ResultsStore {
  /// A connection, and what its reading hangs on.
  struct Connection {
    let database: DatabaseQueue
    /// Where no locks are held: what must be as it was after every reading.
    var unlocked: UnlockedReading?
    var copy: DatabaseCopy?
  }

  /// Opens a database to read it, also where nothing may be written.
  ///
  /// SQLite keeps an index of the log in a file beside a WAL database, even to read it. Where it cannot make one, the file is
  /// read as one that nobody changes, which is checked after every reading; where its log holds transactions that are not
  /// in the file yet, a copy of both is read, since SQLite would pass the log over.
  static func openToRead(_ place: DatabasePath, _ configuration: Configuration) throws -> Connection {
    func open(_ path: String) throws -> DatabaseQueue {
      try DatabaseQueue(path: path, configuration: configuration)
    }
    guard access(place.path, R_OK) == 0 else {
      throw ResultsError(
        .cannotOpen, file: place.file, expected: "a file that may be read",
        found: String(cString: strerror(errno)), advice: "check its permissions")
    }
    if place.isWritable { return Connection(database: try open(place.path)) }
    // Whoever may write has the index open: it can be read through.
    if FileState(place.index) != nil, let shared = try attempt({ try open(place.path) }) {
      return Connection(database: shared)
    }
    if (FileState(place.log)?.size ?? 0) == 0 {
      let unlocked = UnlockedReading(place)
      if let database = try attempt({ try open(place.immutableURI) }) {
        return Connection(database: database, unlocked: unlocked)
      }
    }
    let copy = try DatabaseCopy(of: place)
    return Connection(database: try open(copy.path), copy: copy)
  }

  /// Nil where SQLite could not open the file so.
  private static func attempt(_ open: () throws -> DatabaseQueue) throws -> DatabaseQueue? {
    do { return try open() } catch let error as DatabaseError
      where error.resultCode == .SQLITE_CANTOPEN || error.resultCode == .SQLITE_READONLY
    { return nil }
  }
}
