import Attention
import Testing

@testable import Results
@testable import Simulator

/// What a report leaves out of a large database, and that it counts it.
@Suite struct ReportLimitsTests {
  let store: ResultsStore

  init() throws { store = try ResultsStore.inMemory() }

  @Test func tracesScopesAndDenseTrafficAreThoseOfShownConfigurations() throws {
    for trace in "abc" {
      let error = trace == "b" ? 0.1 : 0.3
      let configuration = try Samples.configuration(
        heads: [Samples.head { metric, _ in metric == .outputError ? error : 0.5 }])
      try store.store(
        Samples.result(trace: trace, [configuration]), run: try store.beginRun(Samples.run), detail: .head)
    }
    let all = try store.report()
    #expect(all.traces.count == 3 && all.scopes.count == 3 && Set(all.denseTraffic.map(\.owner)).count == 3)
    var limits = Report.Limits()
    limits.only = [2]
    let one = try store.report(limits: limits)
    #expect(one.traces.map(\.digest) == [Samples.digest("b")])
    #expect(one.scopes.map(\.trace) == one.traces.map(\.id))
    #expect(Set(one.denseTraffic.map(\.owner)) == Set(one.scopes.map(\.id)))
    #expect(one.counts.traces == 3)
  }

  @Test func ofALongCommandItsEndsAreKept() throws {
    try store.add(try Samples.configuration())
    var limits = Report.Limits()
    let command = Samples.run.commandLine
    #expect(command == "fasa-sim replay prose.zst --policy 'fasa'")
    (limits.commandBegin, limits.commandEnd) = (8, 6)
    #expect(
      try store.report(limits: limits).runs.map(\.commandLine) == [
        "fasa-sim … \(command.count - 14) characters … 'fasa'"
      ])
    (limits.commandBegin, limits.commandEnd) = (command.count - 6, 6)
    #expect(try store.report(limits: limits).runs.map(\.commandLine) == [command])
  }

  @Test func theNewestProfilesAreThere() throws {
    try store.add(try Samples.configuration())
    try store.write { db in
      for number in 1...3 {
        try db.execute(
          sql: """
            INSERT INTO profiles (id, digest, version, model_name, model_sha256, model_layers, query_heads, kv_heads, head_dim, slices, pairing, texts)
            VALUES (?, ?, 1, 'Tiny', ?, 4, 2, 1, 64, 'rope', 'half', '[]')
            """, arguments: [number, Samples.digest(Character("\(number)")), Samples.digest("1")])
        try db.execute(
          sql:
            "INSERT INTO contextual_agreement (profile, layer, window, query_head, chunk, agreement) VALUES (?, 0, 64, 0, 0, 0.5)",
          arguments: [number])
      }
    }
    #expect(try store.report().profiles.count == 3)
    var limits = Report.Limits()
    // A cell by query head and one by chunk each.
    for (cells, digits) in [(6, "123"), (5, "23"), (2, "3"), (0, "3")] {
      limits.profileCells = cells
      let report = try store.report(limits: limits)
      #expect(report.profiles.map(\.digest) == digits.map(Samples.digest))
      #expect(report.counts.profiles == 3)
    }
  }
}
