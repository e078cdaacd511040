import Foundation
import GRDB

extension ResultsError {
  /// SQLite's error in the user's terms.
  init(_ error: DatabaseError, file: String) {
    let message = error.message ?? "\(error.resultCode)"
    switch error.resultCode {
    case .SQLITE_NOTADB:
      self.init(
        .notADatabase, file: file, expected: "a SQLite database", found: "another kind of file",
        advice: "name another file")
    case .SQLITE_CORRUPT:
      self.init(
        .damaged, file: file, expected: "a whole SQLite database", found: "damage (\(message))",
        advice: Self.restore)
    case .SQLITE_READONLY:
      self.init(
        .readOnly, file: file, expected: "a database that may be written", found: "a read-only one",
        advice: "change the file's and its folder's permissions, or name another file")
    case .SQLITE_CANTOPEN:
      self.init(
        .cannotOpen, file: file, expected: "a file that may be opened", found: message,
        advice:
          "check the permissions of the file and its folder: SQLite writes beside the file even to read it")
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(
        .busy, file: file, expected: "a turn at the database",
        found: "it locked by \(LockHolders.text(of: file) ?? "another process"), which does not end",
        advice: "wait for that process and run the command again")
    case .SQLITE_FULL:
      self.init(
        .full, file: file, expected: "room for the results", found: "a full disk",
        advice: "free some space and run the command again: what is stored stays")
    default:
      self.init(.failed, file: file, expected: "SQLite to succeed", found: message)
    }
  }

  /// What to do about damage.
  static let restore = "restore a copy, or save what is left with sqlite3's .recover"

  /// Runs `body`, with SQLite's errors, and values that the schema does not allow, turned into the user's terms.
  static func translating<Value>(file: String, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch let error as DatabaseError {
      throw ResultsError(error, file: file)
    } catch let error as RowDecodingError {
      // The row and the query that follow are of no use to a user.
      let text = "\(error)"
      throw ResultsError(
        strange: String(text[..<(text.range(of: ", row: ")?.lowerBound ?? text.endIndex)]), file: file)
    } catch let error as DecodingError {
      throw ResultsError(strange: "\(error)", file: file)
    }
  }

  private init(strange found: String, file: String) {
    self.init(
      .damaged, file: file, expected: "values as the schema has them", found: found, advice: Self.restore)
  }
}
