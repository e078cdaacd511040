import GRDB

/// A database to be merged into another, open as long as this lives.
final class MergeSource {
  /// The path, as the caller gave it.
  let file: String
  /// As SQLite is to attach it.
  let name: String
  private let store: ResultsStore
  /// Of an older one, brought up to date.
  private let copy: DatabaseCopy?

  /// - Throws: ``ResultsError`` where it cannot be read, is another program's, or is newer.
  init(_ file: String, patience: Double) throws {
    self.file = file
    func open(_ path: String) throws -> ResultsStore {
      try ResultsStore(path: path, access: .readOnly, busyTimeout: patience)
    }
    do {
      store = try open(file)
      copy = nil
    } catch let error as ResultsError where error.kind == .olderVersion {
      let copy = try DatabaseCopy(of: DatabasePath(file))
      do {
        _ = try ResultsStore(path: copy.path, busyTimeout: patience)
        (store, self.copy) = (try open(copy.path), copy)
      } catch let error as ResultsError {
        // The copy's name tells nobody anything.
        throw ResultsError(
          error.kind, file: file, part: error.part, expected: error.expected, found: error.found,
          advice: error.advice)
      }
    }
    let path = store.database.path
    name = try path.hasPrefix("file:") ? path : DatabasePath(path).readOnlyURI
  }

  /// Looks at every page: what a query would stumble over in the midst of a merge is found before.
  func checkWhole(_ db: Database) throws {
    let found = try String.fetchOne(db, sql: "PRAGMA \(Merger.part).quick_check(1)") ?? "nothing"
    guard found == "ok" else {
      throw ResultsError(
        .damaged, file: file, expected: "a whole SQLite database", found: "damage (\(found))",
        advice: "make it anew, or leave it out")
    }
  }

  /// - Throws: ``ResultsError`` where it is read without locks, and somebody wrote to it meanwhile.
  func checkUnchanged() throws { _ = try store.read { try Int.fetchOne($0, sql: "SELECT 1") } }

  /// Rows of its `configurations` that a side stands for.
  func rows(_ subject: ComparisonSubject) throws -> Set<Int64> {
    try store.read { db in
      switch subject {
      case .label(let name): Set(try store.sides(name, db).map(\.id))
      case .run(let run):
        try Set(
          Int64.fetchAll(
            db, sql: "SELECT configuration FROM run_configurations WHERE run = ?", arguments: [run]))
      }
    }
  }
}
