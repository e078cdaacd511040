import Foundation
import GRDB
import TestSupport
import Testing
import Traces

@testable import Results
@testable import fasa_sim

/// What is whole when a part of a sweep is cut short is moved into place.
@Suite struct ShardInterruptionTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try SyntheticTrace(prompt: 500, decode: 32, window: 32, seed: 3).write(to: folder.path("big.zst"))
    try FileManager.default.createDirectory(atPath: folder.path("scratch"), withIntermediateDirectories: true)
  }

  static let arguments =
    ("sweep big.zst --budget 10,20 --shard 1/1 --db s.db --scratch scratch --policy "
    + InterruptionTests.policies).split(separator: " ").map(String.init)

  func stored(_ file: String) -> Int? {
    try? ResultsStore(path: file, access: .readOnly).read {
      try Int.fetchOne($0, sql: "SELECT count(*) FROM configurations")
    }
  }

  /// The database that the command writes to.
  func scratch() -> String? {
    let path = folder.path("scratch")
    let made = try? FileManager.default.contentsOfDirectory(atPath: path).first
    return made.map { "\(path)/\($0)/sweep.db" }
  }

  func end(with signal: Int32, until: Int) throws -> Process {
    let process = try Executable.process(Self.arguments, in: folder)
    try process.run()
    while process.isRunning {
      if let scratch = scratch(), let stored = stored(scratch), stored >= until { break }
      usleep(500)
    }
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    return process
  }

  @Test(arguments: [(SIGINT, 1), (SIGTERM, 1), (SIGTERM, 7), (SIGHUP, 1)])
  func whatIsWholeIsMovedIntoPlace(signal: Int32, until: Int) throws {
    let process = try end(with: signal, until: until)
    #expect(process.terminationReason == .exit && process.terminationStatus == 130)
    let kept = try #require(stored(folder.path("s.db")))
    #expect(kept >= until && kept < InterruptionTests.count)
    #expect(
      try folder.text("stderr")
        == "interrupted: \(kept) of \(InterruptionTests.count) configurations are stored in s.db; the same command goes on from there\n"
    )
    #expect(!folder.holds("s.db-wal") && !folder.holds("s.db-shm"))
    #expect(scratch() == nil)
    let heads = "SELECT count(*) FROM (SELECT 1 FROM head_summaries GROUP BY configuration)"
    #expect(
      try ResultsStore(path: folder.path("s.db"), access: .readOnly).read { try Int.fetchOne($0, sql: heads) }
        == kept)
    let resumed = try Executable.run(Self.arguments, in: folder)
    #expect(resumed.status == 0 && resumed.output.contains("; \(kept) were there already"))
    let whole = try Executable.run(
      InterruptionTests.arguments("sweep", "--no-timing --db whole.db"), in: folder)
    #expect(whole.status == 0)
    func digests(_ file: String) throws -> [String] {
      try ResultsStore(path: folder.path(file), access: .readOnly).configurations().map {
        "\($0.identity) \($0.exactResultsDigest)"
      }.sorted()
    }
    #expect(try digests("s.db") == digests("whole.db"))
  }

  /// What is whole is in place by then, and nothing is left in the scratch folder.
  @Test func aReaderThatHasGoneLeavesNoFolder() throws {
    let ending = try Executable.shell(
      "(\"$FASA\" \(Self.arguments.joined(separator: " ")); echo $? >&2) | true", in: folder)
    #expect(ending.outcome.errors == "141\n", "\(ending)")
    #expect(stored(folder.path("s.db")) == InterruptionTests.count)
    #expect(scratch() == nil)
  }

  /// SIGKILL leaves the target as it was.
  @Test func aKillLeavesNothing() throws {
    let process = try end(with: SIGKILL, until: 1)
    #expect(process.terminationReason == .uncaughtSignal && !folder.holds("s.db"))
    #expect(try Executable.run(Self.arguments, in: folder).status == 0)
    #expect(stored(folder.path("s.db")) == InterruptionTests.count)
  }
}
