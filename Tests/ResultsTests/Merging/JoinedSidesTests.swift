import Foundation
import GRDB
import Testing

@testable import Results
@testable import Simulator

/// Sides that lie in two databases are compared as if they lay in one.
struct JoinedSidesTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func store(_ name: String, build: Character, value: Double, digest: Character) throws
    -> ResultsStore
  {
    var store = try ResultsStore(path: folder.path(name))
    store.build = Samples.digest(build)
    let head = Samples.head(steps: 20) { _, step in value + Double(step % 3) / 64 }
    let configuration = try Samples.configuration("fasa", heads: [head], digest: Samples.digest(digest))
    let other = try Samples.configuration("quest", heads: [head], digest: Samples.digest("c"))
    let result = Samples.result(steps: 20, [configuration, other])
    let run = try store.beginRun(Samples.run)
    try store.store(result, run: run, detail: .step)
    // Runs that began in one second by one command are told apart by what they gave.
    try store.endRun(run, exactResultsDigest: Samples.digest(digest))
    return store
  }

  private func joined(_ name: String) throws -> JoinedSides {
    let subject = PlacedSubject(name).subject
    return try JoinedSides((subject, folder.path("old.db")), (subject, folder.path("new.db")))
  }

  @Test func twoBuildsOfOneConfigurationAreCompared() throws {
    _ = try store("old.db", build: "1", value: 0.25, digest: "a")
    _ = try store("new.db", build: "2", value: 0.5, digest: "b")
    let joined = try joined("fasa")
    #expect(try joined.store.configurationCount() == 2)
    guard case (.label(let a), .label(let b)) = (joined.a, joined.b) else { Issue.record("runs"); return }
    let found = try joined.store.pairedDifferences(a, b)
    let error = try #require(found.differences.first { $0.metric == "output_error" })
    #expect(abs(error.difference - 0.25) < 1e-12 && error.interval != nil)
  }

  @Test func runsOfTwoDatabasesArePaired() throws {
    _ = try store("old.db", build: "1", value: 0.25, digest: "a")
    _ = try store("new.db", build: "2", value: 0.5, digest: "b")
    let joined = try joined("run:1")
    guard case (.run(let a), .run(let b)) = (joined.a, joined.b) else { Issue.record("labels"); return }
    #expect(a != b)
    #expect(try joined.store.pairedRuns(a, b).pairs.map(\.a) == ["fasa @ 4", "quest @ 4"])
  }

  @Test func equalBitsAreOneResult() throws {
    _ = try store("old.db", build: "1", value: 0.25, digest: "a")
    _ = try store("new.db", build: "1", value: 0.25, digest: "a")
    let joined = try joined("fasa")
    #expect(joined.a == joined.b)
    guard case (.label(let a), .label(let b)) = (joined.a, joined.b) else { Issue.record("runs"); return }
    #expect(try joined.store.pairedDifferences(a, b).differences.allSatisfy { $0.difference == 0 })
  }

  @Test func whatADatabaseLacksIsNamedByIt() throws {
    _ = try store("old.db", build: "1", value: 0.25, digest: "a")
    _ = try store("new.db", build: "2", value: 0.5, digest: "b")
    let error = try #require(throws: ResultsError.self) {
      try JoinedSides((.label("fasa"), folder.path("old.db")), (.label("loki"), folder.path("new.db")))
    }
    #expect(error.kind == .unknownConfiguration && error.file == folder.path("new.db"))
  }

  @Test(
    arguments: [
      ("fasa@256", "fasa@256", nil), ("fasa@256@old.db", "fasa@256", "old.db"),
      ("run:1@a/b.sqlite", "run:1", "a/b.sqlite"),
      ("fasa@build:1a2b@x.db", "fasa@build:1a2b", "x.db"), ("fasa@trace:x.db", "fasa@trace:x.db", nil),
      ("external:file=a@b@19%@./x@y.db", "external:file=a@b@19%@./x", "y.db"),
    ] as [(String, String, String?)])
  func aDatabaseStandsAtTheEnd(text: String, subject: String, database: String?) {
    let found = PlacedSubject(text)
    #expect(found.subject.description == subject && found.database == database)
  }

  @Test func aFileThatIsThereIsFoundWhateverItsName() throws {
    let path = try folder.file(Data(), "an@odd.name")
    #expect(PlacedSubject("fasa@256@\(path)").database == path)
  }
}
