import Attention
import GRDB
import Policies
import Simulator
import Testing

@testable import Results

/// The view `summary` against numbers worked by hand.
struct SummaryTests {
  let store: ResultsStore

  init() throws { store = try ResultsStore.inMemory() }

  private func summary() throws -> SummaryRow { try #require(try store.summaries().last) }

  @Test func headsWeighByTheirDefinedSteps() throws {
    // Recall: head 0 has 0.5 and 1, head 1 has 0 and an undefined step: 1.5 over 3 values.
    let recall: [[Double]] = [[0.5, 1], [0, .nan]]
    let error: [[Double]] = [[0.25, 0.25], [0.5, 1]]
    let selected: [[Double]] = [[4, 4], [2, 2]]
    let union: [[Double]] = [[5, 5], [5, 5]]
    let visible: [[Double]] = [[10, 20], [10, 20]]
    let heads = (0..<2).map { head in
      Samples.head(queryHead: head) { metric, step in
        switch metric {
        case .recall: recall[head][step]
        case .outputError: error[head][step]
        case .selected: selected[head][step]
        case .visible: visible[head][step]
        case .groupUnion: union[head][step]
        case .jaccardPrevious: .nan
        default: 0.125
        }
      }
    }
    try store.add(try Samples.configuration(heads: heads))
    let row = try summary()
    #expect(row.recall == 0.5)
    #expect(row.lowestHeadRecall == 0)
    #expect(row.outputError == 0.5)
    #expect(row.highestHeadOutputError == 0.75)
    #expect(row.oracleOutputError == 0.125)
    #expect(row.mass == 0.125)
    #expect(row.massRatio == 0.125)
    #expect(row.selected == 3)
    #expect(row.visible == 15)
    #expect(row.selectedShare == 0.2)
    #expect(row.tokensReadShare == 20.0 / 60)
    #expect(row.jaccardPrevious == nil)
  }

  /// Head 0: (0.25 · 4 + 0.5 · 2) / 6; head 1: 1 · 1 / 1, its other step undefined; together 3 / 7, and 7 / 12 were all alike.
  @Test func errorsWeighByNorm() throws {
    let (errors, norms): ([[Double]], [[Double]]) = ([[0.25, 0.5], [1, .nan]], [[4, 2], [1, 16]])
    let heads = (0..<2).map { head in
      Samples.head(layer: 3 * head, norm: { norms[head][$0] }) { metric, step in
        metric == .outputError ? errors[head][step] : 0.5
      }
    }
    let result = Samples.result(layers: [0, 3], [try Samples.configuration(heads: heads)])
    try store.store(result, run: try store.beginRun(Samples.run), detail: .step)
    let row = try summary()
    let error = try #require(row.outputError)
    #expect(row.weightedOutputError == 3.0 / 7 && abs(error - 1.75 / 3) < 1e-15)
    let (quality, layers, summed) = try store.read { db in
      (
        try Double.fetchOne(db, sql: "SELECT weighted_output_error FROM quality"),
        try Row.fetchAll(db, sql: "SELECT * FROM layer_quality ORDER BY layer"),
        try Double.fetchOne(db, sql: "SELECT sum(output_error * output_norm) / sum(output_norm) FROM steps")
      )
    }
    #expect(quality == 3.0 / 7 && summed == 3.0 / 7)
    #expect(layers.map { $0["layer"] } == [0, 3] && layers.map { $0["output_norm_sum"] } == [6.0, 1.0])
    #expect(layers.map { $0["weighted_output_error"] } == [2.0 / 6, 1.0])
    #expect(layers.map { $0["output_error"] } == [0.375, 1.0] && layers.map { $0["recall"] } == [0.5, 0.5])
  }

  @Test func bytesStandBesideDenseUnderBothReadings() throws {
    let groups = [0, 1].map { layer in
      Samples.traffic(
        layer: layer,
        [
          (TrafficKind(.keys, .stream), TrafficBytes(readPerHead: 100, readGroupUnion: 60, written: 10)),
          (TrafficKind(.values, .gather(rowBytes: 128)), TrafficBytes(readPerHead: 50, readGroupUnion: 30)),
        ], device: 500, host: 50)
    }
    let heads = [0, 1].map { layer in Samples.head(layer: layer) { _, _ in 1 } }
    let dense = [0, 1].map { layer in
      Samples.traffic(
        layer: layer,
        [(TrafficKind(.keys, .stream), TrafficBytes(readPerHead: 630, readGroupUnion: 390, written: 10))],
        device: 400, host: 8)
    }
    let result = Samples.result(
      layers: [0, 1], dense: dense, [try Samples.configuration(heads: heads, traffic: groups)])
    try store.store(result, run: try store.beginRun(Samples.run), detail: .head)
    let row = try summary()
    #expect(row.perHeadBytes == 320)
    #expect(row.groupUnionBytes == 200)
    #expect(row.densePerHeadBytes == 1280)
    #expect(row.denseGroupUnionBytes == 800)
    #expect(row.perHeadBytesShare == 0.25)
    #expect(row.groupUnionBytesShare == 0.25)
    #expect(row.residentDeviceBytes == 1000)
    #expect(row.residentHostBytes == 100)
    #expect(row.denseResidentBytes == 816)
    #expect(row.kernelSpeedup == nil)
  }

  @Test func linesAreOfTheTraceAndConfigurationsAskedFor() throws {
    let fasa = try Samples.configuration("fasa")
    let oracle = try Samples.configuration("oracle")
    let dense = try Samples.configuration("dense")
    try store.add(fasa, oracle)
    let other = Samples.result(trace: "0", seed: .max, [fasa])
    try store.store(other, run: try store.beginRun(Samples.run), detail: .head)

    #expect(try store.summaries().map(\.policy) == ["fasa", "oracle", "fasa"])
    #expect(try store.summaries(traceDigest: Samples.digest("f")).map(\.label) == ["fasa @ 4", "oracle @ 4"])
    #expect(try store.summaries(traceDigest: Samples.digest("0")).map(\.seed) == ["\(UInt64.max)"])
    let asked = try [oracle, dense, fasa].map {
      try ConfigurationIdentity(of: $0, in: Samples.result([fasa, oracle]))
    }
    #expect(try store.summaries(identities: asked).map(\.policy) == ["oracle", "fasa"])
  }
}
