import Foundation
import GRDB
import TestSupport
import Testing

@testable import Experiments
@testable import Results
@testable import fasa_sim

/// A sweep in parts, as engines run it.
@Suite struct ShardCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
    try Inputs.trace(in: folder, name: "u.zst", seed: 2)
    for name in ["shards", "scratch"] {
      try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: true)
    }
  }

  static let asked =
    "sweep t.zst u.zst --policy random:sinks=1/2/3/4/5/6/7/8/9,streaming-llm:sinks=1/2,oracle,dense --budget 10,20,19%"
  static let scratch = " --scratch scratch"

  func run(_ text: String, environment: [String: String] = [:]) throws -> Executable.Outcome {
    try Executable.run(text.split(separator: " ").map(String.init), in: folder, environment: environment)
  }

  func files(_ name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path(name)).sorted()
  }

  func number(_ sql: String, _ file: String) throws -> Int? {
    try ResultsStore(path: folder.path(file), access: .readOnly).read { try Int.fetchOne($0, sql: sql) }
  }

  /// Each configuration's identity with the digest of its results.
  func digests(_ files: [String]) throws -> [String] {
    try files.flatMap {
      try ResultsStore(path: folder.path($0), access: .readOnly).configurations().map {
        "\($0.identity) \($0.exactResultsDigest)"
      }
    }.sorted()
  }

  struct Unit: Decodable {
    let unit: String
    let trace: String
    let traceDigest: String
    let configurations: Int
    let policies: [String]
    let seconds: Double
    let memoryBytes: Int
    let isStored: Bool
  }

  func units(_ options: String = "") throws -> [Unit] {
    let listed = try run(Self.asked + " --units -o jsonl" + options)
    #expect(listed.status == 0, "\(listed.errors)")
    return try listed.output.split(separator: "\n").map {
      try JSONDecoder.ofTheDatabase.decode(Unit.self, from: Data($0.utf8))
    }
  }

  @Test func unitsAreListedAndNothingIsMade() throws {
    let units = try units()
    #expect(units.count == 4 && units.map(\.configurations).reduce(0, +) == 74)
    #expect(Set(units.map(\.trace)) == ["t.zst", "u.zst"])
    #expect(units.allSatisfy { !$0.isStored && $0.seconds > 0 && $0.memoryBytes > 1 << 20 })
    #expect(Set(units.flatMap(\.policies)) == ["random", "streaming-llm", "oracle", "dense"])
    #expect(!folder.holds("runs.db"))
    let table = try run(Self.asked + " --units")
    #expect(table.output.contains("4 units, 4 to run: about "))
    let dry = try run(Self.asked + " --shard 1/4 --dry-run -o jsonl")
    #expect(dry.output.contains(units[0].unit) && dry.output.split(separator: "\n").count == 1)
  }

  @Test func theShardsAreTheWholeSweep() throws {
    #expect(try run(Self.asked + " --no-timing --db whole.db").status == 0)
    for number in 1...3 {
      let part = try run(Self.asked + " --shard \(number)/3 --db shards/\(number).db" + Self.scratch)
      #expect(part.status == 0 && part.errors.isEmpty, "\(part.errors)")
    }
    #expect(try files("shards") == ["1.db", "2.db", "3.db"])
    #expect(try files("scratch").isEmpty)
    let shards = (1...3).map { "shards/\($0).db" }
    #expect(try digests(shards) == digests(["whole.db"]))
    // Times belong to the machine that took them.
    #expect(try number("SELECT count(*) FROM kernel_samples", "shards/1.db") == 0)
    // What is known is not computed again, however it is divided then.
    let known = shards.map { " --known \($0)" }.joined()
    #expect(try units(known).allSatisfy(\.isStored))
    let other = try run(Self.asked + " --shard 1/1 --db other.db -o json" + known)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(other.output.utf8)) as? [String: Any])
    #expect(json["known"] as? Int == 74 && json["added"] as? Int == 0 && json["run"] is NSNull)
    #expect(try number("SELECT count(*) FROM configurations", "other.db") == 0)
    let most = try run(
      Self.asked + " --shard 1/1 --db other.db" + shards.dropFirst().map { " --known \($0)" }.joined())
    #expect(most.status == 0)
    #expect(try digests(["other.db"]) == digests(["shards/1.db"]))
  }

  @Test func aUnitAgainIsDoneAndLeftAsItIs() throws {
    let names = try units().map(\.unit)
    let command = Self.asked + " --unit \(names[0]) --db shards/1.db"
    #expect(try run(command).status == 0)
    let bytes = try Data(contentsOf: folder.url.appending(path: "shards/1.db"))
    let again = try run(command)
    #expect(again.status == 0 && again.output.contains("were there already"))
    #expect(try Data(contentsOf: folder.url.appending(path: "shards/1.db")) == bytes)
    // Another joins what is there.
    #expect(try run(Self.asked + " --unit \(names[1]) --unit \(names[0]) --db shards/1.db").status == 0)
    #expect(try units(" --db shards/1.db").map(\.isStored) == [true, true, false, false])
  }

  @Test func timesAreTakenWhereTheFileSaysSo() throws {
    for (timing, isTimed) in [("timing: true", true), ("timing: false", false), ("seed: 0", false)] {
      _ = try folder.file(
        Data("traces: [t.zst]\npolicies: [streaming-llm]\nbudgets: [8]\n\(timing)\n".utf8), "s.yaml")
      #expect(try run("sweep s.yaml --shard 1/1 --db shards/\(isTimed).db").status == 0)
      let samples = try #require(try number("SELECT count(*) FROM kernel_samples", "shards/\(isTimed).db"))
      #expect((samples > 0) == isTimed)
    }
  }

  @Test func tracesByDigest() throws {
    let digest = try #require(try units().first { $0.trace == "u.zst" }).traceDigest
    let named = Self.asked.replacing("u.zst", with: "sha256:\(digest)")
    let here = ["FASA_SIM_TRACE_CACHE": "cache"]
    try FileManager.default.createDirectory(atPath: folder.path("cache"), withIntermediateDirectories: true)
    let missing = try run(named + " --shard 1/2 --db shards/1.db", environment: here)
    #expect(
      missing.status == 75 && missing.errors.contains("expected \(digest).zst or .safetensors in cache"))
    let nowhere = try run(named + " --shard 1/2 --db shards/1.db")
    #expect(nowhere.status == 65 && nowhere.errors.contains("FASA_SIM_TRACE_CACHE"))
    try FileManager.default.copyItem(
      atPath: folder.path("u.zst"), toPath: folder.path("cache/\(digest).zst"))
    // The same units, wherever the trace lies.
    let listed = try run(named + " --units -o jsonl --trace-cache cache")
    for unit in try units() { #expect(listed.output.contains(unit.unit)) }
    #expect(try run(named + " --shard 1/1 --db shards/1.db", environment: here).status == 0)
    #expect(try run(Self.asked + " --no-timing --db whole.db").status == 0)
    #expect(try digests(["shards/1.db"]) == digests(["whole.db"]))
    let replay = "replay sha256:\(digest) --policy oracle --budget 10 --no-timing --db r.db"
    #expect(try run(replay, environment: here).status == 0)
    // Another file in its place is met before anything is stored; the other trace's units are done.
    try FileManager.default.removeItem(atPath: folder.path("cache/\(digest).zst"))
    try FileManager.default.copyItem(
      atPath: folder.path("t.zst"), toPath: folder.path("cache/\(digest).zst"))
    let wrong = try run(named + " --shard 1/1 --db shards/2.db -o json", environment: here)
    #expect(
      wrong.status == 65 && wrong.errors.contains("expected the trace of SHA-256 \(digest), found that of "))
    #expect(wrong.errorLines.count == 2)
    #expect(try number("SELECT count(*) FROM configurations", "shards/2.db") == 37)
    #expect(try number("SELECT count(*) FROM traces", "shards/2.db") == 1)
  }

  @Test func aPoisonedTraceLeavesTheOthersBe() throws {
    // In a frame, far from the header: damage that is met when the trace is read.
    let url = folder.url.appending(path: "u.zst")
    var bytes = try Data(contentsOf: url)
    for place in bytes.count / 2..<bytes.count / 2 + 64 { bytes[place] ^= 0xFF }
    try bytes.write(to: url)
    let poisoned = try run(Self.asked + " --shard 1/1 --db shards/1.db")
    #expect(poisoned.status == 65, "\(poisoned.errors)")
    #expect(poisoned.errorLines.count == 2 && poisoned.errors.contains("u.zst: "))
    #expect(poisoned.output.contains("37 of 74 configurations added to shards/1.db; 2 units failed"))
    #expect(try number("SELECT count(*) FROM configurations", "shards/1.db") == 37)
    // Alone it leaves nothing.
    let unit = try #require(try units().first { $0.trace == "u.zst" }).unit
    #expect(try run(Self.asked + " --unit \(unit) --db shards/2.db").status == 65)
    #expect(try files("shards") == ["1.db"])
  }

  @Test(arguments: [
    ("sweep none.zst --policy oracle --budget 8 --shard 1/1", 75, "none.zst: expected a readable file"),
    (
      "sweep bad.zst --policy oracle --budget 8 --shard 1/1", 65,
      "bad.zst: expected a Zstandard or safetensors"
    ),
    ("sweep t.zst --policy nope --budget 8 --shard 1/1", 65, "policy 'nope': expected one that there is"),
    ("sweep none.yaml --shard 1/1", 65, "none.yaml: expected a YAML file"),
    (
      "sweep t.zst --policy oracle --budget 8 --shard 1/1 --known none.db", 65, "none.db: expected a database"
    ),
    (
      "sweep t.zst --policy oracle --budget 8 --unit abc", 64,
      "--unit: unit 'abc': expected a unit of this sweep"
    ),
    ("sweep t.zst --policy oracle --budget 8 --shard 4/3", 64, "--shard"),
    ("sweep t.zst --policy oracle --budget 8 --shard 1/1 --unit a", 64, "--unit and --shard: expected one"),
    (
      "sweep t.zst --policy oracle --budget 8 --scratch x", 64,
      "--scratch: expected --unit or --shard with it"
    ),
    ("sweep t.zst --policy oracle --budget 8 --shard 1/1 --db :memory:", 64, "expected a file with"),
    ("sweep t.zst --policy oracle --budget 8 --shard 1/1 --db none/1.db", 65, "expected the folder none/"),
    (
      "sweep t.zst --policy oracle --budget 8 --shard 1/1 --scratch t.zst", 75,
      "expected a folder in which to"
    ),
    (
      "sweep t.zst --policy oracle --budget 8 --shard 1/1 --db t.zst", 65, "t.zst: expected a SQLite database"
    ),
    // As ever where no part is asked for.
    ("sweep none.zst --policy oracle --budget 8", 1, "none.zst: expected a readable file"),
    ("sweep bad.zst --policy oracle --budget 8 --units", 1, "bad.zst: expected a Zstandard or safetensors"),
  ])
  func whatAnErrorEndsWith(command: String, status: Int32, message: String) throws {
    _ = try folder.file(Data("no trace at all".utf8), "bad.zst")
    let found = try run(command.contains("--db") ? command : command + " --db shards/1.db")
    #expect(found.status == status && found.errors.contains(message), "\(found.status) \(found.errors)")
    #expect(found.output.isEmpty)
    if command.contains("--shard") || command.contains("--unit ") { #expect(try files("shards").isEmpty) }
  }

  /// Room for files of a few blocks of 512 bytes: SQLite's first pages already do not fit.
  @Test func aFullDiskIsTriedAgainAndLeavesTheTargetAsItWas() throws {
    let unit = try units()[0].unit
    let first = Self.asked + " --unit \(unit) --db shards/1.db --scratch scratch"
    #expect(try run(first).status == 0)
    let bytes = try Data(contentsOf: folder.url.appending(path: "shards/1.db"))
    for (blocks, name) in [(8, "2.db"), (bytes.count / 512 + 8, "1.db")] {
      let full = try Executable.shell(
        // Counts of lines, where those are asked for, do not fit either, nor does a file of ThreadSanitizer's own.
        "export LLVM_PROFILE_FILE=/dev/null TMPDIR=/dev/null; ulimit -f \(blocks); "
          + "exec $FASA \(Self.asked) --shard 1/1 --db shards/\(name) --scratch scratch", in: folder)
      #expect(!full.isKilled && full.outcome.status == 75, "\(full.outcome)")
      #expect(full.outcome.errorLines.count == 1)
      #expect(try files("shards") == ["1.db"])
      #expect(try files("scratch").isEmpty)
    }
    #expect(try Data(contentsOf: folder.url.appending(path: "shards/1.db")) == bytes)
  }
}
