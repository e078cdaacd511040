import Foundation
import GRDB
import Results
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

@Suite struct ModelCommandTests {
  private static let replay =
    "replay t.zst --policy dense,oracle,fasa,streaming-llm --self-calibrate --budget 10,0.25 --no-timing --db r.db"
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  private func run(_ command: String) throws -> Executable.Outcome {
    try Executable.run(command.split(separator: " ").map(String.init), in: folder)
  }

  private struct Report: Decodable {
    let points: [Point]
    struct Point: Decodable {
      let configuration: String
      let hardware: String
      let contextTokens: Double
      let batch: Double
      let policyNanoseconds: Double
      let denseNanoseconds: Double
      let speedUp: Double
      let movedBytes: Double
      let stages: [String: Double]
      let relativeError: ErrorOfModel?
      let isExtrapolated: Bool
      let largestBatch: Int?
    }
    struct ErrorOfModel: Decodable { let median: Double }
  }

  private func points(_ options: String) throws -> [Report.Point] {
    let outcome = try run("model --db r.db --json \(options)")
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8)).points
  }

  /// Over layers and steps, the bytes priced are the bytes that the replay counted, under both readings.
  @Test(arguments: ["per-head", "group-union"]) func bytesPricedAreBytesCounted(reading: String) throws {
    #expect(try run(Self.replay).status == 0)
    let points = try points("--hardware a100-40gb --reading \(reading) --no-store")
    let rows = try ResultsStore(path: folder.path("r.db"), access: .readOnly).summaries()
    #expect(rows.count == 7 && points.count == 7)
    for row in rows {
      let point = try #require(points.first { $0.configuration == row.label })
      let counted = try #require(reading == "per-head" ? row.perHeadBytes : row.groupUnionBytes)
      let priced = point.movedBytes * 2 * Double(row.stepCount)
      #expect(abs(priced - Double(counted)) < 1, "\(row.label)")
    }
  }

  @Test func everyTimeCarriesItsErrorAndSaysWhereItIsExtrapolated() throws {
    #expect(try run(Self.replay).status == 0)
    let own = try points("--hardware a100-40gb,h100-sxm")
    #expect(
      own.filter { $0.hardware == "a100-40gb" }.allSatisfy { !$0.isExtrapolated && $0.relativeError != nil })
    #expect(
      own.filter { $0.hardware == "h100-sxm" }.allSatisfy { $0.isExtrapolated && $0.relativeError != nil })
    #expect(try points("--hardware a100-40gb --context 64k").allSatisfy(\.isExtrapolated))
    #expect(try points("--hardware a100-40gb --kernels fused").allSatisfy { $0.relativeError == nil })
    for point in own {
      let stages = point.stages.values.reduce(0, +)
      #expect(abs(stages - point.policyNanoseconds) < 1e-6 * stages)
    }
    let stored = try DatabaseQueue(path: folder.path("r.db")).read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM modelled_speedups WHERE hardware = 'h100-sxm/triton'")
    }
    #expect(stored.count == 7)
    #expect(stored.allSatisfy { $0["extrapolated"] == 1 && $0["relative_error_p50"] != nil })
    // Priced again, a point takes the place of the one before.
    _ = try points("--hardware h100-sxm")
    let again = try DatabaseQueue(path: folder.path("r.db")).read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM modelled_speedups WHERE hardware = 'h100-sxm/triton'")
    }
    #expect(again == 7)
  }

  @Test func aWhatIfSaysWhatFits() throws {
    #expect(try run(Self.replay).status == 0)
    let points = try points(
      "--hardware a100-40gb --geometry llama-3.1-8b --context 4k..64k --batch 1,4 --policy streaming-llm@10,dense"
    )
    #expect(Set(points.map(\.contextTokens)) == [4096, 16_384, 65_536])
    #expect(Set(points.map(\.batch)) == [1, 4])
    // 42.4 GB less 16.06 GB of weights, over 2 · 32 layers · 8 heads · 128 channels · 2 bytes · 65,536 tokens.
    let dense = try #require(points.first { $0.configuration == "dense" && $0.contextTokens == 65_536 })
    #expect(dense.largestBatch == 3 && abs(dense.speedUp - 1) < 1e-9)
    let few = try #require(points.first { $0.configuration != "dense" && $0.contextTokens == 65_536 })
    #expect(few.largestBatch.map { $0 > 1000 } == true && few.speedUp > 1)
    let text = try run(
      "model --db r.db --hardware a100-40gb --geometry llama-3.1-8b --context 64k --sensitivity")
    #expect(text.output.contains("% of speed-up for each % more of"))
    #expect(text.output.contains("~ extrapolated"))
  }

  @Test func aReplayPricesWhatItReplayed() throws {
    let outcome = try run(Self.replay + " --hardware rtx-4090")
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    #expect(outcome.output.contains("NVIDIA GeForce RTX 4090"))
    #expect(outcome.output.contains("stored in r.db (modelled, modelled_speedups)"))
  }

  @Test(arguments: [
    ("model --db r.db", 64, "--hardware: expected machines to price, found none"),
    (
      "model --db r.db --hardware a101", 1,
      "'a101': expected the name of a machine, or a .yaml file, found neither; there are "
    ),
    (
      "model --db r.db --hardware a100-40gb --kernels fast", 1,
      "'fast': expected the name of a kernel set, or a .yaml file, found neither; there are "
    ),
    ("model --db none.db --hardware a100-40gb --no-store", 1, "none.db"),
    (
      "model --db r.db --hardware a100-40gb --policy nothing", 1,
      "expected configurations called nothing, found none"
    ),
    ("model --db r.db --hardware epyc-7763", 1, "of GPUs"),
    ("model --db r.db --hardware ./no.yaml", 1, "./no.yaml: expected a YAML file"),
    ("model --db r.db --hardware a100-40gb --context 0", 64, "context"),
    ("model --db r.db --hardware a100-40gb --context 64k..1k", 64, "context"),
    ("hardware show a101", 1, "'a101': expected the name of a machine"),
    (
      "hardware validate --kernel attn-none", 1,
      "sparq.csv: expected the kernels asked for, found none called attn-none; there are "
    ),
    ("hardware validate --measurements none.csv", 1, "none.csv: expected a table of measurements"),
    ("replay t.zst --hardware a101 --db new.db", 1, "'a101': expected the name of a machine"),
  ])
  func badInputIsOneError(command: String, status: Int32, part: String) throws {
    #expect(try run(Self.replay).status == 0)
    let outcome = try run(command)
    #expect(outcome.status == status)
    #expect(outcome.errors.contains(part), "\(outcome.errors)")
    #expect(outcome.output.isEmpty && !folder.holds("new.db") && !folder.holds("none.db"))
  }

  @Test func aLabelMayHoldCommas() throws {
    #expect(
      try run("replay t.zst --policy random:sinks=1,recent=2,oracle --budget 10 --no-timing --db r.db").status
        == 0)
    let one = try points("--hardware a100-40gb --policy random:sinks=1,recent=2@10")
    #expect(one.map(\.configuration) == ["random:sinks=1,recent=2 @ 10"])
    #expect(try points("--hardware a100-40gb --policy random,oracle@10").count == 2)
  }

  @Test func aMachineOfOnesOwnIsAFile() throws {
    #expect(try run(Self.replay).status == 0)
    let shown = try run("hardware show a100-40gb")
    #expect(shown.status == 0)
    let twice = shown.output.replacing(
      "bandwidth_bytes_per_s: 1555000000000", with: "bandwidth_bytes_per_s: 3110e9"
    )
    .replacing("name: a100-40gb", with: "name: mine")
    #expect(twice != shown.output)
    _ = try folder.file(Data(twice.utf8), "mine.yaml")
    let points = try points(
      "--hardware mine.yaml,a100-40gb --geometry llama-3.1-8b --context 1m --policy dense")
    #expect(points.map(\.hardware) == ["mine", "a100-40gb"])
    #expect(points[0].denseNanoseconds < 0.51 * points[1].denseNanoseconds)
    _ = try folder.file(Data(twice.replacing("3110e9", with: "3 TB/s").utf8), "wrong.yaml")
    let wrong = try run("model --db r.db --hardware wrong.yaml")
    #expect(wrong.status == 1)
    #expect(
      wrong.errors.contains(
        "memory.bandwidth_bytes_per_s: expected a number of bytes per second, above 0, found '3 TB/s'"))
  }

  @Test func countsAreRead() {
    #expect(CountRange(argument: "1k..1m")?.values == [1024, 4096, 16_384, 65_536, 262_144, 1_048_576])
    #expect(CountRange(argument: "1..6")?.values == [1, 4, 6])
    #expect(CountRange(argument: "64k,8")?.values == [8, 65_536])
    for wrong in ["", "0", "k", "4..1", "1..2..3", "-1", "9999999999999999999m", "1.5k"] {
      #expect(CountRange(argument: wrong) == nil, "\(wrong)")
    }
  }

  /// A user's own measurements: those that the model made for a machine are predicted exactly.
  @Test func ownMeasurementsAreValidated() throws {
    let header =
      "device_kind,device,kernel,dtype,batch,sequence_length,heads,head_dim,rank_r,top_k,duration_s"
    // Dense attention of a machine whose bandwidth is half of the A100's: 50 µs and the bytes over 0.78 TB/s.
    let rows = [1.0, 4, 16].flatMap { batch in
      [4096.0, 16_384, 65_536].map { tokens in
        "gpu,NVIDIA A100-SXM4-40GB,attn-mine,float16,\(Int(batch)),\(Int(tokens)),32,128,,,\(5e-5 + batch * tokens * 16_384 / 7.8e11)"
      }
    }
    _ = try folder.file(Data(([header] + rows).joined(separator: "\n").utf8), "mine.csv")
    let outcome = try run("hardware validate --measurements mine.csv")
    #expect(outcome.status == 0)
    let line = try #require(outcome.output.split(separator: "\n").first { $0.hasPrefix("dense, all") })
    let median = try #require(line.firstMatch(of: /median ([0-9.]+) %/).flatMap { Double($0.1) })
    #expect(median < 2)
  }
}
