import GRDB
import Testing

@testable import Results

/// Modelled times as a report adds them up.
@Suite struct ReportModelledTests {
  let store: ResultsStore

  init() throws {
    store = try ResultsStore.inMemory()
    try store.add(try Samples.configuration("fasa"), try Samples.configuration("quest"))
  }

  private func price(
    _ configuration: Int, _ stage: String, _ nanoseconds: Double, digest: Character = "1",
    context: Int = 1024,
    error: Double? = 0.1, extrapolated: Int = 0
  ) throws {
    try store.write { db in
      try db.execute(
        sql:
          "INSERT INTO modelled VALUES (?, 'a100', ?, 'llama', ?, 1, 'per-head', ?, ?, 1, NULL, ?, NULL, ?)",
        arguments: [
          configuration, Samples.digest(digest), context, stage, nanoseconds, error, extrapolated,
        ])
    }
  }

  @Test func aPolicysStagesAddUpBesideDense() throws {
    try price(1, "score", 10)
    try price(1, "attend", 20, error: 0.3)
    try price(1, "dense", 90)
    try price(1, "score", 5, context: 4096, error: nil, extrapolated: 1)
    let times = try store.report().modelled
    #expect(times.map(\.contextTokens) == [1024, 4096])
    #expect(times.map(\.policyNs) == [30, 5])
    #expect(times.map(\.denseNs) == [90, nil])
    #expect(times.map(\.relativeErrorP90) == [0.3, nil])
    #expect(times.map(\.extrapolated) == [false, true])
    #expect(times.map(\.hardware) == ["a100", "a100"])
  }

  @Test func twoDescriptionsOfOneNameAreToldApart() throws {
    try price(1, "dense", 1, digest: "1")
    try price(1, "dense", 2, digest: "2")
    let times = try store.report().modelled
    #expect(times.map(\.hardware) == ["a100 11111111", "a100 22222222"])
    #expect(times.map(\.policyNs) == [nil, nil])
  }

  @Test func aBoundTakesWholeConfigurations() throws {
    for configuration in 1...2 {
      try price(configuration, "dense", 1)
      try price(configuration, "dense", 2, context: 2048)
    }
    var limits = Report.Limits()
    limits.modelledTimes = 3
    let report = try store.report(limits: limits)
    #expect(report.modelled.map(\.configuration) == [1, 1])
    #expect(report.counts.modelled == 2 && report.counts.modelledShown == 1)
  }
}
