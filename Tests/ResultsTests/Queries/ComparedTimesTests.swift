import Foundation
import GRDB
import Simulator
import Testing

@testable import Results

/// Bytes and times of a comparison against numbers worked by hand.
@Suite struct ComparedTimesTests {
  let store: ResultsStore

  init() throws { store = try ResultsStore.inMemory() }

  private func side(_ policy: String, _ samples: [KernelSample] = [], perHead: Int = 200) throws
    -> ConfigurationResult
  {
    try Samples.configuration(
      policy, traffic: [Samples.keys(perHead: perHead, groupUnion: 100)], samples: samples)
  }

  private func add(_ configurations: [ConfigurationResult], cpu: String = "Some CPU") throws {
    var info = Samples.run
    info.hostCPU = cpu
    try store.store(Samples.result(configurations), run: store.beginRun(info), detail: .step)
  }

  private func found() throws -> PairedComparison { try store.pairedDifferences("fasa", "oracle") }

  @Test func bytesAreExactShares() throws {
    try add([side("fasa", perHead: 200), side("oracle", perHead: 600)])
    // Dense attention moves 800 and 400.
    #expect(
      try found().bytes == [
        ByteDifference(reading: "per-head", a: 0.25, b: 0.75, difference: 0.5),
        ByteDifference(reading: "group-union", a: 0.25, b: 0.25, difference: 0),
      ])
  }

  @Test func oneRunsSamplesArePaired() throws {
    // Both are slowed alike sample by sample: paired, the ratio never strays from 2.
    let noise = [1, 2, 3, 5, 8, 13, 21, 34].map { $0 * 10 }
    try add([
      side("fasa", Samples.timings(dense: noise.map { 4 * $0 }, policy: noise.map { 2 * $0 })),
      side("oracle", Samples.timings(dense: noise.map { 4 * $0 }, policy: noise)),
    ])
    let kernel = try found().kernel
    #expect(kernel.a == 2 && kernel.b == 4 && kernel.ratio == 2)
    #expect(kernel.low == 2 && kernel.high == 2 && kernel.isPaired)
    #expect(kernel.machine == "Some CPU, avx2, 1 thread" && kernel.note == nil)
  }

  @Test func twoRunsOfOneMachineAreNotPaired() throws {
    let noise = [100, 200, 300, 500, 800]
    try add([side("fasa", Samples.timings(dense: noise, policy: Array(noise.reversed())))])
    try add([side("oracle", Samples.timings(dense: noise, policy: [70, 60, 50, 40, 90]))])
    let kernel = try found().kernel
    #expect(kernel.a == 1 && kernel.b == 5 && kernel.ratio == 5 && !kernel.isPaired)
    let (low, high) = (try #require(kernel.low), try #require(kernel.high))
    #expect(low < 5 && high > 5)
    #expect(try #require(kernel.note).contains("different runs"))
  }

  @Test func machinesAreNeverMixed() throws {
    try add([side("fasa", Samples.timings(dense: [10], policy: [5]))])
    try add([side("oracle", Samples.timings(dense: [10], policy: [5]))], cpu: "Other CPU")
    let kernel = try found().kernel
    #expect(kernel.ratio == nil && kernel.low == nil && kernel.a == nil)
    #expect(
      kernel.note
        == "timed on different machines, which are not compared: Other CPU, avx2, 1 thread; Some CPU, avx2, 1 thread"
    )
    // A later run that timed both on one machine serves.
    try add([
      side("fasa", Samples.timings(dense: [10], policy: [5])),
      side("oracle", Samples.timings(dense: [10], policy: [2])),
    ])
    #expect(try found().kernel.ratio == 2.5)
  }

  @Test func whoWasNotTimedIsNamed() throws {
    try add([side("fasa", Samples.timings(dense: [10], policy: [5])), side("oracle")])
    #expect(try found().kernel.note == "no times of oracle @ 4 on 'A Text'")
  }

  private func model(_ configuration: Int, _ stage: String, _ ns: Double, batch: Int = 1, p90: Double? = 0.2)
    throws
  {
    try store.write { db in
      try db.execute(
        sql: """
          INSERT INTO modelled (configuration, hardware, hardware_digest, geometry, context_tokens, batch, reading,
            stage, duration_ns, moved_bytes, relative_error_p90, extrapolated)
          VALUES (?, 'card', ?, 'tiny', 8192, ?, 'per-head', ?, ?, 0, ?, 0)
          """, arguments: [configuration, Samples.digest("c"), batch, stage, ns, p90])
    }
  }

  @Test func modelledTimesAreSumsOfStagesWithTheModelsError() throws {
    try add([side("fasa"), side("oracle")])
    #expect(try found().modelled.isEmpty)
    for (configuration, times) in [(1, [1000.0, 300, 100]), (2, [1000.0, 100, 100])] {
      for (stage, time) in zip(["dense", "score", "attend"], times) { try model(configuration, stage, time) }
    }
    // One side alone says nothing.
    try model(1, "score", 5, batch: 2)
    let line = try #require(try found().modelled.first)
    #expect(try found().modelled.count == 1)
    #expect(line.aNs == 400 && line.bNs == 200 && line.speedup == 2 && line.batch == 1)
    #expect(line.relativeErrorP90 == 0.2 && line.relativeErrorP50 == nil && !line.isExtrapolated)
  }
}
