import GRDB
import Testing

@testable import Results
@testable import Simulator

/// Results of two builds of the sources lie side by side, and neither passes for the other.
struct BuildTests {
  private var store: ResultsStore
  private let first: ConfigurationResult
  /// The same configuration with other bits.
  private let other: ConfigurationResult

  init() throws {
    store = try ResultsStore.inMemory()
    first = try Samples.configuration("fasa")
    other = try Samples.configuration(
      "fasa", heads: [Samples.head { _, _ in 0.75 }], digest: Samples.digest("d"))
  }

  private func by(_ build: Character) -> ResultsStore {
    var store = store
    store.build = Samples.digest(build)
    return store
  }

  private func identity() throws -> ConfigurationIdentity {
    try ConfigurationIdentity(of: first, in: Samples.result([first]))
  }

  @Test func anotherBuildsResultIsNotReused() throws {
    try by("1").add(first)
    #expect(try by("1").contains(identity()))
    #expect(try !by("2").contains(identity()))
    #expect(try by("2").configuration(identity()) == nil)
    #expect(try by("2").summaries(identities: [identity()]).isEmpty)
    let run = try by("2").beginRun(Samples.run)
    let error = #expect(throws: ResultsError.self) { try by("2").reuse([identity()], run: run) }
    #expect(error?.kind == .unknownConfiguration)
  }

  @Test(arguments: [true, false]) func bothAreKept(same: Bool) throws {
    try by("1").add(first)
    let report = try by("2").add(same ? first : other)
    #expect(report.stored == [try identity()] && report.reproduced.isEmpty)
    #expect(
      report.rebuilt == [
        RebuiltConfiguration(
          label: "fasa @ 4", configuration: 2, other: 1, otherBuild: "111111111111", isSame: same)
      ])
    let rows = try store.summaries()
    #expect(rows.map(\.build) == [Samples.digest("1"), Samples.digest("2")])
    #expect(rows.map(\.recall) == [0.5, same ? 0.5 : 0.75])
    #expect(try by("1").summaries(identities: [identity()]).map(\.configuration) == [1])
    #expect(try by("2").summaries(identities: [identity()]).map(\.configuration) == [2])
    // Each goes on reproducing its own.
    #expect(try by("1").add(first).reproduced == [try identity()])
    #expect(try by("2").add(same ? first : other).reproduced == [try identity()])
    #expect(try store.configurations().count == 2)
  }

  /// Bits that came once, as from a memory error, do not stand for those that come again.
  @Test func whatCameAgainStandsForABuild() throws {
    try by("1").add(first)
    #expect(throws: ResultsError.self) { try by("1").add(other) }
    #expect(try by("1").configuration(identity())?.exactResultsDigest == other.digest)
    #expect(try by("1").add(first).reproduced == [try identity()])
    #expect(try by("1").configuration(identity())?.exactResultsDigest == first.digest)
    #expect(try by("1").summaries(identities: [identity()]).map(\.recall) == [0.5])
    // A run that reuses it says the same.
    let run = try by("1").beginRun(Samples.run)
    try by("1").reuse([try identity()], run: run)
    let used = "SELECT configuration FROM run_configurations WHERE run = ?"
    #expect(try store.read { try Int64.fetchOne($0, sql: used, arguments: [run.rawValue]) } == 1)
    #expect(try by("1").contains(identity()))
  }

  /// The first row of a clash is named by what tells it apart, and that name works.
  @Test func buildsAreComparedByTheirNames() throws {
    try by("1").add(first, detail: .step)
    try by("2").add(other, detail: .step)
    let error = try #require(
      #expect(throws: ResultsError.self) { try store.pairedDifferences("fasa", "fasa") })
    #expect(error.found == "2 on 'A Text' (layers 0, heads 0, steps 0-1)")
    let advice = try #require(error.advice)
    #expect(
      advice == "name one of them: fasa@4@build:111111111111, fasa@4@build:222222222222")
    let names = advice.dropFirst("name one of them: ".count).split(separator: ", ").map(String.init)
    for (a, b) in [
      (names[0], names[1]), ("fasa@build:1", "fasa @ 4 @ build:22"),
      ("configuration:1", "configuration:2"),
    ] {
      let found = try store.pairedDifferences(a, b)
      #expect(found.differences.first?.difference == 0.25)
      #expect(found.settings == [.init(name: "build", a: "111111111111", b: "222222222222")])
    }
  }

  /// Builds that gave the same bits are one side.
  @Test func theSameBitsAreNoClash() throws {
    try by("1").add(first, try Samples.configuration("oracle", digest: Samples.digest("b")), detail: .step)
    try by("2").add(first, detail: .step)
    #expect(try store.pairedDifferences("fasa", "oracle").settings.contains { $0.name == "build" })
  }

  /// Shares of dense attention's bytes are of those that the same build counted.
  @Test func denseBytesOfAnotherBuildAreApart() throws {
    try by("1").add(first)
    for count in [800, 1600] {
      let run = try store.beginRun(Samples.run)
      try by("2").store(
        Samples.result(
          dense: [Samples.keys(perHead: count, groupUnion: count)],
          [try Samples.configuration(count == 800 ? "oracle" : "random", digest: Samples.digest("b"))]),
        run: run, detail: .head)
    }
    // Samples have 800 and 400 bytes of dense attention, of which the policies read 200.
    let rows = try store.summaries()
    #expect(rows.map(\.perHeadBytesShare) == [0.25, 0.25, 0.125])
    #expect(rows.map(\.densePerHeadBytes) == [800, 800, 1600])
    #expect(rows.map(\.scope) == [1, 2, 3])
    // The same part of the trace all the same.
    #expect(Set(rows.map(\.steps)).count == 1)
    try by("3").add(first)
    #expect(try store.summaries().map(\.scope) == [1, 2, 3, 1])
  }

  /// Where neither budget nor build tells them apart, rows do.
  @Test func othersAreNamedByTheirRows() throws {
    for seed in [UInt64(0), 1] {
      let configuration = try Samples.configuration("random", digest: Samples.digest(seed == 0 ? "a" : "b"))
      try store.store(
        Samples.result(seed: seed, [configuration]), run: store.beginRun(Samples.run), detail: .step)
    }
    let error = #expect(throws: ResultsError.self) { try store.pairedDifferences("random", "random") }
    #expect(error?.advice == "name one of them: random@4@seed:0, random@4@seed:1")
    #expect(
      try store.pairedDifferences("configuration:1", "configuration:2").settings
        == [.init(name: "seed", a: "0", b: "1")])
  }

  /// A label may hold an @ of its own.
  @Test(
    arguments: [
      ("external:file=a@b.json", "external:file=a@b.json", nil, nil),
      ("external:file=a@0.19", "external:file=a@0.19", nil, nil),
      ("fasa @ 19% @ build:unknown", "fasa", "0.19", "unknown"), ("fasa@build:12", "fasa", nil, "12"),
    ] as [(String, String, String?, String?)])
  func namesAreRead(text: String, label: String, budget: String?, build: String?) {
    let name = SideName(text)
    #expect(name.label == label && name.budget == budget && name.qualifiers[.build] == build)
    #expect(name.rows == nil)
  }
}
