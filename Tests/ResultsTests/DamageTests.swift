import Foundation
import GRDB
import Testing

@testable import Results

/// A file that broke after it was written.
struct DamageTests {
  let folder: TemporaryFolder
  let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.path("runs.db")
    let store = try ResultsStore(path: path)
    try store.add(try Samples.configuration())
    try store.database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
    try store.database.close()
  }

  /// Overwrites part of the file.
  private func damage(_ bytes: Range<Int>) throws {
    var data = try Data(contentsOf: URL(filePath: path))
    try #require(data.count >= bytes.upperBound)
    data.replaceSubrange(bytes, with: Data(repeating: 0xA5, count: bytes.count))
    try data.write(to: URL(filePath: path))
  }

  @Test func aDamagedHeaderIsNoDatabase() throws {
    try damage(0..<100)
    let error = try #require(throws: ResultsError.self) { try ResultsStore(path: path) }
    #expect(error.kind == .notADatabase)
  }

  @Test func aDamagedSchemaIsNamedDamage() throws {
    try damage(100..<4096)
    let error = try #require(throws: ResultsError.self) { try ResultsStore(path: path) }
    #expect(error.kind == .damaged)
    #expect(error.file == path)
    #expect(error.advice?.contains(".recover") == true)
  }

  @Test func aCutFileIsNamedDamage() throws {
    let data = try Data(contentsOf: URL(filePath: path))
    try data.prefix(4096).write(to: URL(filePath: path))
    let error = try #require(throws: ResultsError.self) {
      try ResultsStore(path: path).configurations()
    }
    #expect(error.kind == .damaged)
  }

  @Test(arguments: [
    (ResultCode.SQLITE_FULL, ResultsError.Kind.full), (.SQLITE_BUSY, .busy), (.SQLITE_LOCKED, .busy),
    (.SQLITE_READONLY, .readOnly), (.SQLITE_CANTOPEN, .cannotOpen), (.SQLITE_CORRUPT, .damaged),
    (.SQLITE_NOTADB, .notADatabase), (.SQLITE_IOERR, .failed),
  ])
  func sqliteErrorsAreTold(code: ResultCode, kind: ResultsError.Kind) {
    let error = ResultsError(DatabaseError(resultCode: code), file: "runs.db")
    #expect(error.kind == kind)
    #expect(error.description.hasPrefix("runs.db: expected "))
  }
}
