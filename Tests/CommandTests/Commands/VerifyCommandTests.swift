import Foundation
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// Exact results are written down, found again, and missed where they are others.
@Suite struct VerifyCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    _ = try folder.file(
      Data(
        #"""
        [{"trace": "t.zst", "policies": ["oracle,streaming-llm"], "budgets": ["10", "50%"], "steps": "0-3", "digests": {}, "trace_digest": ""}]
        """#.utf8), "digests.json")
  }

  func run(_ text: String) throws -> Executable.Outcome {
    try Executable.run(
      (["verify", "--list", "digests.json"] + text.split(separator: " ").map(String.init)), in: folder)
  }

  private func list() throws -> [PinnedReplay] { try PinnedReplay.list(folder.path("digests.json")) }

  @Test func whatIsPinnedIsFoundAgain() throws {
    #expect(try run("--pin --threads 1").status == 0)
    let pinned = try #require(try list().first)
    #expect(
      Set(pinned.digests.keys) == [
        "oracle @ 10", "oracle @ 0.5", "streaming-llm @ 10", "streaming-llm @ 0.5",
      ])
    #expect(pinned.digests.values.allSatisfy { $0.count == 64 } && pinned.steps == "0-3")
    let found = try run("--isa portable --threads 1 --threads 3")
    #expect(found.status == 0 && found.errors.isEmpty)
    #expect(found.output.split(separator: "\n").filter { $0.contains("the same") }.count == 2)
    #expect(found.output.contains("note: every exact result is the one that digests.json has"))
  }

  @Test func anotherBitIsMissed() throws {
    #expect(try run("--pin --threads 1").status == 0)
    let pinned = try #require(try list().first)
    let text = try folder.text("digests.json")
    let digest = try #require(pinned.digests["oracle @ 10"])
    _ = try folder.file(Data(text.replacing(digest, with: String(digest.reversed())).utf8), "digests.json")
    let found = try run("--threads 1 --isa portable --json")
    #expect(found.status == 1)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(found.output.utf8)) as? [String: Any])
    let lines = try #require(json["lines"] as? [[String: Any]])
    #expect(lines.map { $0["other"] as? [String] } == [["oracle @ 10"]])
    #expect(try run("--threads 1 --isa portable").output.contains("1 other"))
  }

  @Test func aConfigurationThatIsNotPinnedIsAnother() throws {
    #expect(
      try run("--threads 1 --isa portable").errors.hasPrefix(
        "Error: t.zst: expected the trace with the digest "))
    #expect(try run("--pin --threads 1").status == 0)
    let text = try folder.text("digests.json").replacing("oracle,streaming-llm", with: "oracle,random")
    _ = try folder.file(Data(text.utf8), "digests.json")
    let found = try run("--threads 1 --isa portable")
    #expect(found.status == 1 && found.output.contains("4 other"))
  }

  @Test func theBundledListIsPinned() throws {
    let list = try PinnedReplay.list(#require(PinnedReplay.bundled))
    #expect(list.count == 4 && list.allSatisfy { !$0.digests.isEmpty && $0.traceDigest.count == 64 })
    #expect(list[0].policies == ["all"] && list[0].digests.count > 80)
  }

  @Test(arguments: [("\"steps\": \"0-3\"", "\"steps\": \"x\""), ("\"50%\"", "\"much\"")])
  func aListThatCannotBeReadIsRefused(right: String, wrong: String) throws {
    _ = try folder.file(Data(folder.text("digests.json").replacing(right, with: wrong).utf8), "digests.json")
    #expect(try run("--pin --threads 1").errors.hasPrefix("Error: digests.json: expected "))
    _ = try folder.file(Data("[]".utf8), "digests.json")
    #expect(
      try run("--threads 1").errors
        == "Error: digests.json: expected a list of pinned replays, found an empty one\n")
  }

  @Test func whatIsAskedForMustBeThere() throws {
    #expect(
      try run("another-one.zst").errors
        == "Error: 'another-one.zst': expected a trace of digests.json, found none of that name; choose from t.zst\n"
    )
    #expect(try run("--threads 0").status == 64)
    #expect(
      try Executable.run(["verify", "--list", "t.zst"], in: folder).errors.hasPrefix(
        "Error: t.zst: expected a list of pinned replays, as traces/digests.json is, found "))
    #expect(try Executable.run(["verify", "--list", "none.json"], in: folder).status == 1)
  }
}
