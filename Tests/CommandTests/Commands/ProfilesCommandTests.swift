import Foundation
import TestSupport
import Testing

@Suite struct ProfilesCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.profile(in: folder)
  }

  private func run(_ line: String, environment: [String: String] = [:]) throws -> Executable.Outcome {
    try Executable.run(line.split(separator: " ").map(String.init), in: folder, environment: environment)
  }

  private func json(_ outcome: Executable.Outcome) throws -> [String: Any] {
    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  @Test func theBundledOneIsListed() throws {
    let table = try run("profiles list")
    #expect(table.status == 0 && table.output.contains("SmolLM2-135M-Instruct      30  128,256,512,1024"))
    let found = try json(run("profiles list --json"))
    let names = (found["profiles"] as? [[String: Any]])?.compactMap {
      ($0["model"] as? [String: Any])?["name"] as? String
    }
    #expect(names?.contains("SmolLM2-135M-Instruct") == true)
  }

  /// Those of the user's own folder stand first; what is no profile is said to be none.
  @Test func theUsersFolderIsLookedThrough() throws {
    _ = try folder.file(Data("{}".utf8), "none.json")
    let found = try json(run("profiles list --json", environment: ["FASA_SIM_PROFILES": folder.url.path()]))
    let paths = (found["profiles"] as? [[String: Any]])?.compactMap { $0["path"] as? String }
    #expect(paths?.first?.hasSuffix("/p.json") == true)
    let others = try #require(found["others"] as? [String])
    #expect(others.count == 1 && others[0].contains("none.json: expected a calibration profile"))
  }

  @Test func infoSaysWhatShowSays() throws {
    let shown = try run("profiles show p.json")
    #expect(shown.status == 0 && shown.errors.isEmpty)
    #expect(shown.output.contains("\ngeometry       2 layers, 6 query heads, 2 KV heads, d 32\n"))
    #expect(try run("info p.json").output == shown.output)
    let object = try json(run("info p.json --json"))
    #expect((object["model"] as? [String: Any])?["kv_heads"] as? Int == 2)
    #expect(object["windows"] as? [Int] == [256])
  }

  @Test func aBundledOneIsShownAndTakenByItsName() throws {
    #expect(try run("profiles show smollm2-135m-instruct").output.contains("The Jargon File"))
    let trace = Inputs.bundledTrace("code-896-all-layers.zst")
    let replay =
      try run(
        "replay \(trace) --layers 5 --steps 0-1 --profile smollm2-135m-instruct --no-timing --db :memory:")
    #expect(replay.status == 0, "\(replay.errors)")
  }

  @Test func twoAreCompared() throws {
    let table = try run("profiles compare p.json p.json")
    #expect(
      table.status == 0 && table.output.contains("dominant chunks, K = 256")
        && table.output.contains("share in common"))
    let object = try json(run("profiles compare p.json p.json --json"))
    #expect((object["kinds"] as? [[String: Any]])?.first?["mean"] as? Double == 1)
  }

  @Test(arguments: [
    (
      "profiles show smollm2",
      "'smollm2': expected a profile's file, or the name of a bundled one, found neither; did you mean 'smollm2-135m-instruct'?"
    ),
    ("profiles show none.json", "none.json: expected a calibration profile, found no file that can be read"),
    ("profiles compare p.json smollm2-135m-instruct", "expected a profile of the shape of p.json"),
    (
      "profiles compare p.json p.json --window 8",
      "K = 8: expected one that both profiles hold, found 256 in common"
    ),
  ])
  func whatIsWrongIsTold(line: String, message: String) throws {
    let outcome = try run(line)
    #expect(outcome.status == 1 && outcome.output.isEmpty)
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }
}
