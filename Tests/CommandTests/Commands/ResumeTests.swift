import Foundation
import GRDB
import TestSupport
import Testing
import Traces

@testable import Experiments
@testable import Results
@testable import fasa_sim

/// What is stored is not computed again, and what is killed leaves whole configurations.
@Suite struct ResumeTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  func replay(_ options: String) throws -> Executable.Outcome {
    try Executable.run(
      ["replay", "t.zst", "--no-timing"] + options.split(separator: " ").map(String.init), in: folder)
  }

  func numbers(_ sql: String, _ file: String = "r.db") throws -> [Int] {
    try ResultsStore(path: folder.path(file), access: .readOnly).read { try Int.fetchAll($0, sql: sql) }
  }

  @Test func theSecondRunReusesAndTheThirdReproduces() throws {
    let options = "--policy oracle,random --budget 10 --db r.db"
    let first = try replay(options)
    #expect(first.status == 0 && first.digests.count == 1)
    #expect(first.output.hasSuffix("stored in r.db\n"))

    let second = try replay(options)
    #expect(second.status == 0 && second.digests == first.digests)
    #expect(second.output.hasSuffix("stored in r.db (2 of 2 were there already)\n"))
    #expect(second.output.split(separator: "\n")[3] == first.output.split(separator: "\n")[3])

    let third = try replay(options + " --again")
    #expect(third.status == 0 && third.digests == first.digests)
    #expect(try numbers("SELECT count(*) FROM configurations") == [2])
    #expect(try numbers("SELECT count(*) FROM runs WHERE ended_at IS NOT NULL") == [3])
  }

  @Test func onlyWhatIsMissingIsComputed() throws {
    #expect(try replay("--policy oracle --budget 10 --db r.db").status == 0)
    let more = try replay("--policy oracle,random --budget 10,20 --db r.db")
    #expect(more.output.hasSuffix("stored in r.db (1 of 4 were there already)\n"))
    #expect(try numbers("SELECT count(*) FROM configurations") == [4])
    // Another part of the trace is another result.
    let part = try replay("--policy oracle --budget 10 --steps 0-4 --db r.db")
    #expect(part.output.hasSuffix("stored in r.db\n"))
    #expect(try numbers("SELECT count(*) FROM configurations") == [5])
  }

  /// A trace that calibrates itself scores its early queries for no policy: for none that is computed later either.
  @Test func whatIsMissingIsScoredOnTheSameSteps() throws {
    try SyntheticTrace(prompt: 80, decode: 40, window: 4, seed: 5).write(to: folder.path("t.zst"))
    #expect(try replay("--policy fasa --self-calibrate --budget 10 --db r.db").status == 0)
    let both = try replay("--policy fasa,oracle --self-calibrate --budget 10 --db r.db")
    #expect(both.output.hasSuffix("stored in r.db (1 of 2 were there already)\n"))
    #expect(both.output.contains("\noracle "))
    #expect(try numbers("SELECT DISTINCT step_count FROM summary") == [12])
  }

  /// Wherever the kill falls, the same command completes the work, and to the same results.
  @Test(arguments: [0, 1, 3, 6]) func aKilledRunLeavesWholeConfigurations(after configurations: Int) throws {
    let policies = "random:sinks=1/2/3/4,streaming-llm:sinks=1/2/3/4"
    let options = "--policy \(policies) --budget 10,20 --detail step --db r.db"
    let process = try Executable.process(
      ["replay", "t.zst", "--no-timing"] + options.split(separator: " ").map(String.init), in: folder)
    try process.run()
    while process.isRunning {
      let stored = folder.holds("r.db") ? try? numbers("SELECT count(*) FROM configurations").first : nil
      if let stored, stored >= configurations { break }
      usleep(500)
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()

    if folder.holds("r.db"), let stored = try? numbers("SELECT count(*) FROM configurations").first {
      #expect((configurations...16).contains(stored))
      let query = "SELECT count(*) FROM configurations c LEFT JOIN"
      // 2 layers, 6 heads, 40 steps.
      let heads =
        "(SELECT configuration, count(*) n FROM head_summaries GROUP BY 1) h ON h.configuration = c.id"
      let steps = "(SELECT configuration, count(*) n FROM steps GROUP BY 1) s ON s.configuration = c.id"
      #expect(try numbers("\(query) \(heads) WHERE h.n = 12") == [stored])
      #expect(try numbers("\(query) \(steps) WHERE s.n = 480") == [stored])
    }
    let resumed = try replay(options)
    #expect(resumed.status == 0)
    #expect(try numbers("SELECT count(*) FROM configurations") == [16])
    let whole = try replay(options + " --again")
    let fresh = try replay(options.replacing("r.db", with: "f.db"))
    #expect(whole.digests == fresh.digests && fresh.digests.count == 1)
  }
}
