import Attention
import Foundation
import GRDB
import Policies
import Testing

@testable import Results
@testable import Simulator

/// What is stored is what was given.
struct StoringTests {
  let store: ResultsStore

  init() throws { store = try ResultsStore.inMemory() }

  private func row(_ sql: String) throws -> Row {
    try #require(try store.read { try Row.fetchOne($0, sql: sql) })
  }

  @Test func aRunBeginsAndEnds() throws {
    let run = try store.beginRun(Samples.run)
    let begun = try row("SELECT * FROM runs")
    #expect(begun["started_at"] == "2023-11-14T22:13:20Z")
    #expect(begun["command_line"] == "fasa-sim replay prose.zst --policy 'fasa'")
    #expect(begun["instruction_set"] == "avx2")
    #expect(begun["threads"] == 2)
    #expect(begun["git_commit"] == nil)
    #expect(begun["ended_at"] == nil)
    try store.endRun(run, at: Samples.run.startedAt + 60, exactResultsDigest: Samples.digest("e"))
    let ended = try row("SELECT * FROM runs")
    #expect(ended["ended_at"] == "2023-11-14T22:14:20Z")
    #expect(ended["exact_results_digest"] == Samples.digest("e"))
  }

  @Test func anUnknownRunIsRefused() throws {
    let run = RunID(rawValue: 7)
    let kinds = try [
      #require(throws: ResultsError.self) { try store.endRun(run, exactResultsDigest: nil) }.kind,
      #require(throws: ResultsError.self) {
        try store.store(Samples.result([try Samples.configuration()]), run: run, detail: .head)
      }.kind,
    ]
    #expect(kinds == [.unknownRun, .unknownRun])
    #expect(try store.configurations().isEmpty)
  }

  @Test func theTraceIsDescribed() throws {
    try store.add(try Samples.configuration())
    let trace = try row("SELECT * FROM traces")
    #expect(trace["digest"] == Samples.digest("f"))
    #expect(trace["file_bytes"] == 4096)
    #expect(trace["captured_layers"] == "0-1,3")
    #expect(trace["sliding_window"] == 512)
    #expect(trace["prompt_tokens"] == 9)
    #expect(trace["capture_sampling"] == "teacher-forced")
    #expect(try row("SELECT metadata ->> '$.model.name' AS name FROM traces")["name"] == "Tiny")
  }

  @Test func theConfigurationIsDescribed() throws {
    let use = CalibrationUse(profileDigest: Samples.digest("c"), texts: ["Another Text"])
    try store.add(try Samples.configuration("fasa:sinks=4", budget: .share(0.19), calibration: use))
    let stored = try row("SELECT * FROM configurations")
    #expect(stored["policy"] == "fasa")
    #expect(stored["kind"] == "selection")
    #expect(stored["label"] == "fasa:sinks=4 @ 0.19")
    #expect(stored["budget"] == "0.19")
    #expect(stored["seed"] == "0")
    #expect(stored["calibration"] == "profile")
    #expect(stored["profile_digest"] == Samples.digest("c"))
    #expect(stored["calibration_texts"] == "[\"Another Text\"]")
    #expect(try row("SELECT parameters ->> 'sinks' AS sinks FROM configurations")["sinks"] == 4)
    let scope = try row("SELECT * FROM scopes")
    #expect(scope["layers"] == "0")
    #expect(scope["steps"] == "0-1")
    #expect(scope["step_count"] == 2)
  }

  @Test func anUndefinedMetricIsNull() throws {
    let head = Samples.head { metric, step in
      metric == .jaccardPrevious || (metric == .recall && step == 1) ? .nan : 0.25
    }
    try store.add(try Samples.configuration(heads: [head]), detail: .step)
    let summary = try row("SELECT * FROM head_summaries")
    #expect(summary["recall_count"] == 1)
    #expect(summary["recall_mean"] == 0.25)
    #expect(summary["jaccard_previous_count"] == 0)
    #expect(summary["jaccard_previous_mean"] == nil)
    #expect(try row("SELECT recall FROM steps WHERE step = 0")["recall"] == 0.25)
    #expect(try row("SELECT recall FROM steps WHERE step = 1")["recall"] == nil)
  }

  @Test func normsStandBesideTheirErrors() throws {
    let head = Samples.head(norm: { Double(4 - $0) }) { metric, step in
      metric == .outputError && step == 1 ? .nan : 0.25
    }
    try store.add(try Samples.configuration(heads: [head]), detail: .step)
    let summary = try row("SELECT * FROM head_summaries")
    #expect(summary["output_norm_sum"] == 4.0 && summary["weighted_output_error"] == 0.25)
    #expect(try row("SELECT output_norm FROM steps WHERE step = 0")["output_norm"] == 4.0)
    #expect(try row("SELECT output_norm FROM steps WHERE step = 1")["output_norm"] == nil)
  }

  /// Of outputs that are all zero nothing is relative.
  @Test func withoutNormsTheErrorIsUndefined() throws {
    try store.add(try Samples.configuration(heads: [Samples.head(norm: { _ in 0 }) { _, _ in 0 }]))
    #expect(try row("SELECT * FROM head_summaries")["weighted_output_error"] == nil)
    #expect(try row("SELECT * FROM summary")["weighted_output_error"] == nil)
  }

  @Test func everyMetricGoesToItsOwnColumns() throws {
    let head = Samples.head(steps: 21) { metric, step in Double(metric.rawValue * 100 + step) }
    let configuration = try Samples.configuration(heads: [head])
    let run = try store.beginRun(Samples.run)
    try store.store(Samples.result(steps: 21, [configuration]), run: run, detail: .step)
    let summary = try row("SELECT * FROM head_summaries")
    let step = try row("SELECT * FROM steps WHERE step = 7")
    #expect(step["position"] == 16)
    for metric in Metric.allCases {
      let base = Double(metric.rawValue * 100)
      #expect(summary["\(metric.name)_count"] == 21)
      #expect(summary["\(metric.name)_mean"] == base + 10)
      #expect(summary["\(metric.name)_p5"] == base + 1)
      #expect(summary["\(metric.name)_p50"] == base + 10)
      #expect(summary["\(metric.name)_p95"] == base + 19)
      #expect(step[metric.name] == base + 7)
    }
  }

  @Test func trafficKeepsItsKinds() throws {
    let group = Samples.traffic(
      [
        (TrafficKind(.keys, .stream), TrafficBytes(readPerHead: 30, readGroupUnion: 10, written: 5)),
        (TrafficKind(.keys, .gather(rowBytes: 128), tier: .host), TrafficBytes(readPerHead: 256)),
      ], device: 1000, host: 2000)
    try store.add(try Samples.configuration(traffic: [group]))
    let stream = try row("SELECT * FROM traffic WHERE pattern = 'stream'")
    #expect(stream["piece_bytes"] == 0)
    #expect(stream["row_bytes"] == 128)
    #expect(stream["bits"] == 16)
    #expect(stream["stage"] == "attend")
    #expect(stream["kernel"] == "stream")
    #expect(stream["tier"] == "device")
    #expect(stream["read_per_head_bytes"] == 30)
    #expect(stream["read_group_union_bytes"] == 10)
    #expect(stream["written_bytes"] == 5)
    let gather = try row("SELECT * FROM traffic WHERE pattern = 'gather'")
    #expect(gather["piece_bytes"] == 128)
    #expect(gather["tier"] == "host")
    let residency = try row("SELECT * FROM residency")
    #expect(residency["resident_device_bytes"] == 1000)
    #expect(residency["resident_host_bytes"] == 2000)
  }

  @Test func denseBytesAreKeptOncePerScope() throws {
    try store.add(try Samples.configuration("fasa"), try Samples.configuration("oracle"))
    #expect(try row("SELECT count(*) AS n FROM scopes")["n"] == 1)
    #expect(try row("SELECT sum(read_per_head_bytes) AS n FROM dense_traffic")["n"] == 800)
  }

  @Test func aResultThatLacksAHeadIsRefused() throws {
    let heads = [(0, 0), (0, 1), (1, 0)].map { layer, head in
      Samples.head(layer: layer, queryHead: head) { _, _ in 1 }
    }
    let run = try store.beginRun(Samples.run)
    let result = Samples.result(layers: [0, 1], [try Samples.configuration(heads: heads)])
    let error = try #require(throws: ResultsError.self) { try store.store(result, run: run, detail: .head) }
    #expect(error.kind == .invalidResult)
    #expect(try store.configurations().isEmpty)
  }
}
