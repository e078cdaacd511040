import GRDB
import Simulator
import Testing

@testable import Results

/// A command that is run again finds what it has done, and breaks no promise unseen.
struct ResumeTests {
  let store: ResultsStore
  let first: ConfigurationResult
  let second: ConfigurationResult

  init() throws {
    store = try ResultsStore.inMemory()
    first = try Samples.configuration("fasa")
    second = try Samples.configuration("oracle", digest: Samples.digest("b"))
  }

  private func identity(_ configuration: ConfigurationResult) throws -> ConfigurationIdentity {
    try ConfigurationIdentity(of: configuration, in: Samples.result([configuration]))
  }

  private func count(_ table: String) throws -> Int? {
    try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") }
  }

  /// A digest need not be known before a trace of another size is replayed.
  @Test func aTraceIsKnownByItsSize() throws {
    let size = Samples.result([first]).trace.fileSize
    #expect(try !store.holdsTrace(ofBytes: size))
    try store.add(first)
    #expect(try store.holdsTrace(ofBytes: size))
    #expect(try !store.holdsTrace(ofBytes: size + 1))
  }

  @Test func storedConfigurationsAreFound() throws {
    #expect(try !store.contains(identity(first)))
    let report = try store.add(first)
    #expect(report == StoreReport(stored: [try identity(first)], reproduced: []))
    #expect(try store.contains(identity(first)))
    #expect(try !store.contains(identity(second)))
    #expect(try store.configuration(identity(first))?.exactResultsDigest == Samples.digest("a"))
  }

  @Test func theSameResultAgainIsReproduced() throws {
    try store.add(first)
    let report = try store.add(first, second)
    #expect(report == StoreReport(stored: [try identity(second)], reproduced: [try identity(first)]))
    #expect(try count("head_summaries") == 2)
    let roles = try store.read { db in
      try String.fetchAll(db, sql: "SELECT run || role FROM run_configurations ORDER BY configuration, run")
    }
    #expect(roles == ["1stored", "2reproduced", "2stored"])
  }

  /// One build must give the same bits every time: where it does not, both are kept and it is said.
  @Test func otherBitsOfOneBuildAreReportedAndBothAreKept() throws {
    try store.add(first)
    let other = try Samples.configuration(
      "fasa", heads: [Samples.head { _, _ in 0.75 }], digest: Samples.digest("d"))
    let error = try #require(throws: ResultsError.self) { try store.add(other, second, detail: .step) }
    #expect(error.kind == .notReproduced)
    #expect(error.part == "configuration 2, fasa @ 4")
    #expect(error.expected.contains("\(Samples.digest("a")) that the same build"))
    #expect(error.expected.hasSuffix("stored as configuration 1"))
    #expect(error.found == Samples.digest("d"))
    let stored = try store.configurations()
    #expect(
      stored.map(\.exactResultsDigest) == [Samples.digest("a"), Samples.digest("d"), Samples.digest("b")])
    #expect(stored.map(\.hasSteps) == [false, true, true])
    #expect(try store.summaries().map(\.recall) == [0.5, 0.75, 0.5])
    // The last one is shown; either is known when it comes again.
    #expect(try store.summaries(identities: [identity(first)]).map(\.configuration) == [2])
    #expect(try store.add(first).reproduced.count == 1)
    #expect(try store.add(other).reproduced.count == 1)
  }

  @Test func stepsAreAddedWhereAskedForLater() throws {
    try store.add(first)
    #expect(try !store.contains(identity(first), detail: .step))
    try store.add(first, detail: .step)
    #expect(try store.contains(identity(first), detail: .step))
    try store.add(first, detail: .step)
    #expect(try count("steps") == 2)
  }

  @Test func timingsAreAddedByEachRun() throws {
    try store.add(first)
    #expect(try !store.contains(identity(first), kernelThreads: 1))
    let timed = try Samples.configuration("fasa", samples: [Samples.sample(.score, 0, 10)])
    try store.add(timed)
    try store.add(timed)
    #expect(try store.contains(identity(first), kernelThreads: 1))
    // Times of one thread are none of two.
    #expect(try !store.contains(identity(first), kernelThreads: 2))
    let runs = try store.read { try Int.fetchAll($0, sql: "SELECT run FROM kernel_samples ORDER BY run") }
    #expect(runs == [2, 3])
  }

  @Test func skippedConfigurationsBelongToTheRunToo() throws {
    try store.add(first)
    let run = try store.beginRun(Samples.run)
    try store.reuse([identity(first)], run: run)
    let roles = try store.read { db in
      try String.fetchAll(db, sql: "SELECT role FROM run_configurations WHERE run = \(run.rawValue)")
    }
    #expect(roles == ["reused"])
    let error = try #require(throws: ResultsError.self) { try store.reuse([identity(second)], run: run) }
    #expect(error.kind == .unknownConfiguration)
  }

  @Test func aFailureLeavesWholeConfigurations() throws {
    try store.write { db in
      try db.execute(
        sql: """
          CREATE TRIGGER power_cut BEFORE INSERT ON steps WHEN NEW.configuration = 2 AND NEW.step = 1
          BEGIN SELECT RAISE(ABORT, 'power cut'); END
          """)
    }
    let error = try #require(throws: ResultsError.self) { try store.add(first, second, detail: .step) }
    #expect(error.found.contains("power cut"))
    #expect(try store.configurations().map(\.policy) == ["fasa"])
    for table in ["traffic", "residency", "head_summaries", "run_configurations"] {
      #expect(try count(table) == 1, "\(table)")
    }
    #expect(try count("steps") == 2)

    try store.write { try $0.execute(sql: "DROP TRIGGER power_cut") }
    let report = try store.add(first, second, detail: .step)
    #expect(report == StoreReport(stored: [try identity(second)], reproduced: [try identity(first)]))
    #expect(try count("steps") == 4)
  }
}
