import Attention
import GRDB
import Policies
import Testing

@testable import Results
@testable import Simulator

/// What a report gathers, against numbers worked by hand.
@Suite struct ReportTests {
  let store: ResultsStore

  init() throws { store = try ResultsStore.inMemory() }

  private func heads(_ recall: [Double], steps: Int = 2) -> [HeadResult] {
    recall.enumerated().map { head, value in
      Samples.head(queryHead: head, steps: steps) { metric, _ in metric == .recall ? value : 0.25 }
    }
  }

  private func add(
    _ configurations: [ConfigurationResult], steps: Int = 2, detail: ResultsStore.Detail = .head
  )
    throws
  {
    let result = Samples.result(steps: steps, readBandwidth: 1e9, configurations)
    try store.store(result, run: try store.beginRun(Samples.run), detail: detail)
  }

  @Test func aDatabaseWithoutConfigurationsIsRefused() throws {
    let error = #expect(throws: ResultsError.self) { _ = try store.report() }
    #expect(
      error?.description.contains("expected a stored configuration, found none; replay a trace into it first")
        == true
    )
  }

  @Test func ofFewStepsTheIntervalIsTheHeadsSpread() throws {
    try add([try Samples.configuration(heads: heads([0, 0.5, 1]))])
    let row = try #require(try store.report().configurations.first)
    #expect(row.intervals == .heads)
    #expect(row.recall == Report.Estimate(0.5, 0.05...0.95))
    #expect(row.outputError == Report.Estimate(0.25, 0.25...0.25))
    #expect(row.weightedOutputError == Report.Estimate(0.25, 0.25...0.25))
    #expect(row.speedup == Report.Estimate(nil))
    #expect(row.perHeadBytesShare == 0.25)
  }

  @Test func storedStepsGiveABootstrapInterval() throws {
    let steps = 16
    // Each half of the steps alike: its blocks' means lie between 0 and 1.
    let head = Samples.head(steps: steps) { metric, step in metric == .recall ? (step < 8 ? 0 : 1) : 0.25 }
    try add([try Samples.configuration(heads: [head])], steps: steps, detail: .step)
    let row = try #require(try store.report().configurations.first)
    #expect(row.intervals == .steps)
    #expect(row.recall.value == 0.5)
    let (low, high) = (try #require(row.recall.low), try #require(row.recall.high))
    #expect(low < 0.4 && low > 0 && high > 0.6 && high < 1)
    #expect(row.outputError == Report.Estimate(0.25, 0.25...0.25))
  }

  /// The steps of large outputs err, those of small ones do not: half of the steps, three quarters of the norms.
  @Test func theWeightedErrorHasAnIntervalOfItsOwn() throws {
    let steps = 16
    let head = Samples.head(steps: steps, norm: { $0 < 8 ? 3 : 1 }) { metric, step in
      metric == .outputError ? (step < 8 ? 1 : 0) : 0.25
    }
    try add([try Samples.configuration(heads: [head])], steps: steps, detail: .step)
    let row = try #require(try store.report().configurations.first)
    #expect(row.outputError.value == 0.5 && row.weightedOutputError.value == 0.75)
    let (low, high) = (try #require(row.weightedOutputError.low), try #require(row.weightedOutputError.high))
    #expect(low < 0.7 && low > 0.25 && high > 0.8 && high < 1)
    let plain = try #require(row.outputError.low)
    #expect(low > plain)
  }

  @Test func tooFewStoredStepsGiveTheHeadsSpread() throws {
    try add([try Samples.configuration(heads: heads([0, 1], steps: 7))], steps: 7, detail: .step)
    #expect(try store.report().configurations.map(\.intervals) == [.heads])
  }

  @Test func timingsHaveAnIntervalAndStages() throws {
    let samples = (0..<5).flatMap { step in
      [
        Samples.sample(nil, step, 300, bytes: 600), Samples.sample(.score, step, 40, bytes: 80),
        Samples.sample(.attend, step, 60, bytes: 30),
      ]
    }
    try add([try Samples.configuration(samples: samples)])
    let report = try store.report()
    #expect(report.configurations.map(\.speedup) == [Report.Estimate(3, 3...3)])
    #expect(report.stages.map(\.stage) == ["attend", "dense", "score"])
    #expect(report.stages.map(\.bandwidthBytesPerS) == [0.5e9, 2e9, 2e9])
    #expect(report.runs.map(\.commandLine) == [Samples.run.commandLine])
  }

  @Test func aBoundLeavesOutVariantsBeforePolicies() throws {
    func of(_ policy: String, _ error: Double) throws -> ConfigurationResult {
      try Samples.configuration(
        policy, heads: [Samples.head { metric, _ in metric == .outputError ? error : 0.5 }])
    }
    try add([
      try of("fasa:chunks=2", 0.3), try of("fasa:chunks=4", 0.1), try of("fasa:chunks=8", 0.2),
      try of("quest", 0.9), try of("streaming-llm", 0.8),
    ])
    let report = try store.report(limits: .init(configurations: 4, headMaps: 2))
    #expect(
      report.configurations.map(\.label) == [
        "fasa:chunks=4 @ 4", "fasa:chunks=8 @ 4", "quest @ 4", "streaming-llm @ 4",
      ])
    #expect(report.counts.configurations == 5)
    #expect(report.headMaps.map(\.configuration) == [2, 4])
    #expect(Set(report.traffic.map(\.owner)) == [2, 3, 4, 5])
    // One cell of each metric a configuration: a map is there or not as a whole, and the first is always.
    for (cells, maps) in [(8, 4), (5, 2), (0, 1)] {
      var limits = Report.Limits()
      limits.headCells = cells
      #expect(try store.report(limits: limits).headMaps.count == maps)
    }
  }

  @Test func headMapsAndTrafficAreWhatWasStored() throws {
    let kind = TrafficKind(.values, .gather(rowBytes: 128))
    let traffic = [0, 1].map { layer in
      Samples.traffic(layer: layer, [(kind, TrafficBytes(readPerHead: 50, readGroupUnion: 30, written: 7))])
    }
    let maps = [0, 1].map { layer in
      Samples.head(layer: layer) { metric, _ in metric == .recall && layer == 1 ? .nan : 0.5 }
    }
    try store.store(
      Samples.result(layers: [0, 1], [try Samples.configuration(heads: maps, traffic: traffic)]),
      run: try store.beginRun(Samples.run), detail: .head)
    let report = try store.report()
    let map = try #require(report.headMaps.first)
    #expect(map.layers == [0, 1] && map.queryHeads == [0, 0])
    #expect(map.recall == [0.5, nil] && map.outputError == [0.5, 0.5])
    let row = try #require(report.traffic.first)
    #expect(report.traffic.count == 1)
    #expect(row.content == "values" && row.pattern == "gather" && row.tier == "device")
    #expect(row.perHeadBytes == 114 && row.groupUnionBytes == 74)
    #expect(report.denseTraffic.map(\.perHeadBytes) == [800])
  }

  @Test func agreementIsAveragedOverChunksAndOverHeads() throws {
    try add([try Samples.configuration()])
    let profile = CalibrationProfile(
      version: 1,
      model: .init(name: "Tiny", sha256: "", layers: 4, queryHeads: 2, kvHeads: 1, headDim: 4), slices: .rope,
      pairing: .half,
      texts: [
        .init(
          title: "A Text", kind: "prose", sha256: "", tokens: 9, queries: 9, traceDigest: Samples.digest("3"))
      ],
      layers: [.init(layer: 3, window: 64, agreement: [[0.25, 0.75], [0, 0.5]])])
    try store.store(profile, digest: Samples.digest("9"))
    let found = try #require(try store.report().profiles.first)
    #expect(found.texts == ["A Text"])
    let window = try #require(found.windows.first)
    #expect(window.window == 64)
    #expect(
      window.heads.map { [Double($0.layer), Double($0.column), $0.value] } == [[3, 0, 0.5], [3, 1, 0.25]])
    #expect(
      window.chunks.map { [Double($0.layer), Double($0.column), $0.value] } == [
        [3, 0, 0.125], [3, 1, 0.625],
      ])
  }
}
