import GRDB
import Testing

@testable import Results
@testable import Simulator

/// The views of measured times against numbers worked by hand.
struct KernelTimeTests {
  let store: ResultsStore

  init() throws { store = try ResultsStore.inMemory() }

  private func add(_ samples: [KernelSample], readBandwidth: Double? = nil) throws {
    let result = Samples.result(
      readBandwidth: readBandwidth, [try Samples.configuration(samples: samples)])
    try store.store(result, run: try store.beginRun(Samples.run), detail: .head)
  }

  private func summary() throws -> SummaryRow { try #require(try store.summaries().first) }

  /// Dense 100, 300, 120 and policy 40, 60, 50 make pairs; repeat 2 was timed on one side only.
  static let oddPairs = [
    Samples.sample(nil, 0, 100), Samples.sample(.score, 0, 10), Samples.sample(.select, 0, 10),
    Samples.sample(.attend, 0, 20),
    Samples.sample(nil, 1, 300), Samples.sample(.score, 1, 20), Samples.sample(.attend, 1, 40),
    Samples.sample(nil, 2, 200),
    Samples.sample(nil, 3, 120), Samples.sample(.upkeep, 3, 20), Samples.sample(.attend, 3, 30),
  ]

  @Test func speedUpIsTheRatioOfTheMediansOfPairs() throws {
    try add(Self.oddPairs)
    let row = try summary()
    #expect(row.timingPairs == 3)
    #expect(row.denseMedianNs == 120)
    #expect(row.policyMedianNs == 50)
    #expect(row.kernelSpeedup == 2.4)
  }

  @Test func theMedianOfAnEvenNumberIsTheMeanOfTheMiddleTwo() throws {
    let dense = [100, 900, 200, 1].enumerated().map { Samples.sample(nil, $0, $1) }
    let attend = [7, 50, 100, 700].enumerated().map { Samples.sample(.attend, $0, $1) }
    try add(dense + attend)
    let row = try summary()
    #expect(row.denseMedianNs == 150)
    #expect(row.policyMedianNs == 75)
    #expect(row.kernelSpeedup == 2)
  }

  /// A policy that leaves three of four heads dense is hardly faster, whatever the fourth gains.
  @Test func headsWeighByTheirTime() throws {
    let samples = (0..<4).flatMap { layer in
      [
        KernelSample(stage: nil, repeatIndex: 0, layer: layer, kvHead: 0, nanoseconds: 100, bytes: 1),
        KernelSample(
          stage: .attend, repeatIndex: 0, layer: layer, kvHead: 0, nanoseconds: layer == 3 ? 20 : 100,
          bytes: 1),
      ]
    }
    try add(samples)
    let row = try summary()
    #expect(row.timingPairs == 4)
    #expect(row.denseMedianNs == 100)
    #expect(row.policyMedianNs == 80)
    #expect(row.kernelSpeedup == 1.25)
  }

  @Test func theLastRunThatTimedSpeaks() throws {
    try add(Self.oddPairs)
    try add([Samples.sample(nil, 0, 90), Samples.sample(.attend, 0, 30)])
    try add([])
    let row = try summary()
    #expect(row.timingRun == 2)
    #expect(row.kernelSpeedup == 3)
    let all = try store.read { db in
      try Double.fetchAll(db, sql: "SELECT kernel_speedup FROM kernel_speedups ORDER BY run")
    }
    #expect(all == [2.4, 3])
  }

  @Test func onlyOneSideTimedIsNoSpeedUp() throws {
    try add([Samples.sample(nil, 0, 90), Samples.sample(.attend, 1, 30)])
    let row = try summary()
    #expect(row.kernelSpeedup == nil)
    #expect(row.timingRun == nil)
  }

  @Test func stagesGiveBandwidthAndItsShare() throws {
    let samples = [10, 30, 20].enumerated().map { Samples.sample(.score, $0, $1, bytes: 100) }
    try add(samples, readBandwidth: 10e9)
    let stage = try #require(
      try store.read { try Row.fetchOne($0, sql: "SELECT * FROM kernel_stages WHERE stage = 'score'") })
    #expect(stage["samples"] == 3)
    #expect(stage["median_ns"] == 20)
    #expect(stage["min_ns"] == 10)
    #expect(stage["max_ns"] == 30)
    #expect(stage["mean_moved_bytes"] == 100)
    #expect(stage["bandwidth_bytes_per_s"] == 5e9)
    #expect(stage["read_bandwidth_share"] == 0.5)
  }
}
