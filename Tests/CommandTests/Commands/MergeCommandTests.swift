import Foundation
import GRDB
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// `merge`, and comparisons over two databases.
@Suite struct MergeCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "parts"), withIntermediateDirectories: true)
    for (name, policies) in [("one", "oracle,random"), ("two", "random,streaming-llm")] {
      let found = try run("replay t.zst --policy \(policies) --budget 10 --no-timing --db parts/\(name).db")
      #expect(found.status == 0)
    }
  }

  func run(_ text: String) throws -> Executable.Outcome {
    try Executable.run(text.split(separator: " ").map(String.init), in: folder)
  }

  private func json(_ found: Executable.Outcome) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any])
  }

  @Test func aFolderStandsForItsDatabases() throws {
    let found = try run("merge all.db parts")
    #expect(found.status == 0 && found.errors.isEmpty)
    #expect(
      found.output.hasPrefix(
        "all.db: 3 configurations, 3 of them new, from 2 databases; 1 were there already; took "))
    let again = try json(run("merge all.db parts/ --json"))
    #expect(
      Set(again.keys) == [
        "database", "inputs", "configurations", "added", "already_there", "left_out", "seconds",
      ])
    #expect(again["added"] as? Int == 0 && again["already_there"] as? Int == 4)
  }

  /// What one process stored and what was merged are the same for whoever asks.
  @Test func aMergedDatabaseIsReplayedFrom() throws {
    #expect(try run("merge all.db parts").status == 0)
    let found = try run(
      "replay t.zst --policy oracle,random,streaming-llm --budget 10 --no-timing --db all.db")
    #expect(found.status == 0 && found.output.contains("3 of 3 were there already"))
    #expect(try run("compare oracle streaming-llm --db all.db").status == 0)
  }

  @Test func aWrongNameMakesNoDatabase() throws {
    let found = try run("merge all.db parts nowhere.db")
    #expect(found.status == 1)
    #expect(
      found.errors
        == "Error: nowhere.db: expected a database, found no such file; check the path, or replay a trace into it\n"
    )
    #expect(!folder.holds("all.db"))
  }

  @Test func whatCannotBeMergedIsLeftOutWhereItIsToGoOn() throws {
    _ = try folder.file(Data(repeating: 7, count: 5000), "parts/bad.db")
    #expect(try run("merge all.db parts").status == 1)
    let found = try run("merge all.db parts --keep-going --json")
    #expect(found.status == 0)
    #expect(
      found.errors
        == "left out: parts/bad.db: expected a SQLite database, found another kind of file; name another file\n"
    )
    let left = try #require(try json(found)["left_out"] as? [[String: Any]])
    #expect(left.map { $0["file"] as? String } == ["parts/bad.db"])
  }

  @Test func theTargetIsNoInput() throws {
    #expect(try run("merge parts/one.db parts/one.db").errors.contains("found that one itself"))
    // In a folder it is passed over.
    let found = try run("merge parts/one.db parts")
    #expect(found.status == 0 && found.output.contains("from 1 database;"))
    #expect(try run("merge all.db .").status == 1)
  }

  @Test func sidesOfTwoDatabasesAreCompared() throws {
    let found = try run("compare oracle@parts/one.db streaming-llm@parts/two.db")
    #expect(found.status == 0 && found.errors.isEmpty)
    #expect(found.output.contains("oracle@parts/one.db") && found.output.contains("output_error"))
    let same = try run("compare random@parts/one.db random@parts/two.db")
    #expect(same.status == 0 && same.output.contains("nowhere: they are the same"))
    let runs = try run("compare run:1@parts/one.db run:1@parts/two.db")
    #expect(runs.status == 0 && runs.output.contains("in run:1@parts/one.db alone: oracle"))
  }

  @Test func aSideWithoutADatabaseLiesInTheGivenOne() throws {
    let found = try run("compare oracle@parts/one.db streaming-llm --db parts/two.db")
    #expect(found.status == 0)
    let missing = try run("compare oracle@parts/one.db streaming-llm@gone.db")
    #expect(
      missing.status == 1
        && missing.errors.hasPrefix("Error: gone.db: expected a database, found no such file"))
  }
}
