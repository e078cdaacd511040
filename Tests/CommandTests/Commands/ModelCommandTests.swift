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
      let label: String
      let hardware: String
      let machine: String
      let contextTokens: Double
      let batch: Double
      let policyNs: Double
      let denseNs: Double
      let modelledSpeedup: Double?
      let movedBytes: Double
      let stagesNs: [String: Double]
      let relativeErrorP50: Double?
      let extrapolated: Bool
      let largestBatch: Int?
      let kernels: String
      let priceKind: String
      let wholeModelSpeedup: Double?
      let tokensPerS: Double?
    }
  }

  private func points(_ options: String) throws -> [Report.Point] {
    let outcome = try run("model --db r.db --json \(options)")
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try JSONDecoder.ofTheDatabase.decode(Report.self, from: Data(outcome.output.utf8)).points
  }

  /// Over layers and steps, the bytes priced are the bytes that the replay counted, under both readings.
  @Test(arguments: ["per-head", "group-union"]) func bytesPricedAreBytesCounted(reading: String) throws {
    #expect(try run(Self.replay).status == 0)
    let points = try points("--hardware a100-40gb --kernels triton --reading \(reading) --no-store")
    let rows = try ResultsStore(path: folder.path("r.db"), access: .readOnly).summaries()
    #expect(rows.count == 7 && points.count == 7)
    for row in rows {
      let point = try #require(points.first { $0.label == row.label })
      let counted = try #require(reading == "per-head" ? row.perHeadBytes : row.groupUnionBytes)
      let priced = point.movedBytes * 2 * Double(row.stepCount)
      #expect(abs(priced - Double(counted)) < 1, "\(row.label)")
    }
  }

  @Test func everyTimeCarriesItsErrorAndSaysWhereItIsExtrapolated() throws {
    #expect(try run(Self.replay).status == 0)
    let own = try points("--hardware a100-40gb,h100-sxm --kernels triton")
    // SparQ's kernels choose tokens: of dense attention and of what attends to all that it keeps they say nothing.
    #expect(own.allSatisfy { ($0.relativeErrorP50 != nil) == ($0.priceKind == "tokens") })
    #expect(own.contains { $0.relativeErrorP50 != nil })
    #expect(own.filter { $0.machine == "a100-40gb" }.allSatisfy { !$0.extrapolated })
    #expect(own.filter { $0.machine == "h100-sxm" }.allSatisfy { $0.extrapolated })
    #expect(
      try points("--hardware a100-40gb --kernels triton --context 64k").allSatisfy(\.extrapolated))
    #expect(try points("--hardware a100-40gb --kernels fused").allSatisfy { $0.relativeErrorP50 == nil })
    for point in own {
      let stages = point.stagesNs.values.reduce(0, +)
      #expect(abs(stages - point.policyNs) < 1e-6 * stages)
    }
    let stored = try DatabaseQueue(path: folder.path("r.db")).read { db in
      try Row.fetchAll(db, sql: "SELECT * FROM modelled_speedups WHERE hardware = 'h100-sxm/triton'")
    }
    #expect(stored.count == 7)
    #expect(stored.allSatisfy { $0["extrapolated"] == 1 })
    #expect(stored.contains { $0["relative_error_p50"] != nil })
    // Priced again, a point takes the place of the one before.
    _ = try points("--hardware h100-sxm --kernels triton")
    let again = try DatabaseQueue(path: folder.path("r.db")).read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM modelled_speedups WHERE hardware = 'h100-sxm/triton'")
    }
    #expect(again == 7)
  }

  @Test func aWhatIfSaysWhatFits() throws {
    #expect(try run(Self.replay).status == 0)
    let points = try points(
      "--hardware a100-40gb --kernels vllm --geometry llama-3.1-8b --context 4k..64k --batch 1,4 --policy streaming-llm@10,dense"
    )
    #expect(Set(points.map(\.contextTokens)) == [4096, 16_384, 65_536])
    #expect(Set(points.map(\.batch)) == [1, 4])
    // 42.4 GB less a tenth, 16.06 GB of weights and 0.67 GB of activations, over 2 · 32 layers · 8 heads · 128 channels ·
    // 2 bytes · 65,536 tokens.
    let dense = try #require(points.first { $0.label == "dense" && $0.contextTokens == 65_536 })
    #expect(dense.largestBatch == 2 && dense.modelledSpeedup.map { abs($0 - 1) < 1e-9 } == true)
    let few = try #require(points.first { $0.label != "dense" && $0.contextTokens == 65_536 })
    #expect(few.largestBatch.map { $0 > 1000 } == true && few.modelledSpeedup.map { $0 > 1 } == true)
    let text = try run(
      "model --db r.db --hardware a100-40gb --geometry llama-3.1-8b --context 64k --sensitivity")
    #expect(text.output.contains("% of speed-up for each % more of"))
    #expect(text.output.contains("~ extrapolated"))
  }

  /// Eight devices hold an eighth of the weights and one KV head each; in half of the bits twice as many sequences fit.
  @Test func severalDevicesAndFewerBitsHoldMore() throws {
    #expect(try run(Self.replay).status == 0)
    func dense(_ options: String) throws -> Report.Point {
      try #require(
        try points(
          "\(options.contains("--geometry") ? "" : "--geometry llama-3.1-70b ")--context 64k --policy dense --no-store \(options)"
        ).first)
    }
    let one = try dense("--hardware h100-sxm --batch 8")
    #expect(one.largestBatch == 0 && one.modelledSpeedup == nil && one.tokensPerS == nil)
    let eight = try dense("--hardware h100-sxm --batch 8 --devices 8")
    let half = try dense("--hardware h100-sxm --batch 8 --devices 8 --kv-bits 8")
    #expect(
      eight.largestBatch.map { $0 >= 8 } == true && eight.modelledSpeedup.map { abs($0 - 1) < 1e-9 } == true)
    let (more, some) = (try #require(half.largestBatch), try #require(eight.largestBatch))
    #expect((2 * some...2 * some + 1).contains(more))
    let (fast, slow) = (try #require(half.tokensPerS), try #require(eight.tokensPerS))
    #expect(fast > slow)
    let apart = try dense("--hardware b300 --batch 8 --devices 2 --parallel data")
    #expect(apart.largestBatch.map { $0 > 0 && $0 % 2 == 0 } == true)
    // Sixteen sequences over eight machines take as long as two on one, and are told as sixteen.
    let two = try dense("--hardware h200 --geometry llama-3.1-8b --batch 2")
    let sixteen = try dense("--hardware h200 --geometry llama-3.1-8b --batch 16 --devices 8 --parallel data")
    #expect(sixteen.batch == 16 && sixteen.denseNs == two.denseNs)
    let (many, few) = (try #require(sixteen.tokensPerS), try #require(two.tokensPerS))
    #expect(abs(many / few - 8) < 1e-9)
  }

  /// Of each policy the fastest configuration that keeps the error, and no other.
  @Test func equalQualityIsAskedFor() throws {
    #expect(try run(Self.replay).status == 0)
    let stored = try ResultsStore(path: folder.path("r.db"), access: .readOnly).summaries()
    let errors = stored.filter { $0.policy == "fasa" }.compactMap(\.outputError).sorted()
    let limit = try #require(errors.last)
    #expect(errors.count == 2)
    let all = try points("--hardware h100-sxm --kernels vllm").filter { $0.label.hasPrefix("fasa") }
    let points = try points("--hardware h100-sxm --kernels vllm --at-output-error \(limit)")
    let kept = points.filter { $0.label.hasPrefix("fasa") }
    #expect(all.count == 2 && kept.count == 1)
    #expect(kept.first?.policyNs == all.map(\.policyNs).min())
    #expect(points.filter { $0.label == "dense" }.count == 1)
    let text = try run("model --db r.db --hardware h100-sxm --at-output-error 1e-9")
    #expect(text.output.contains("none of these has it: "))
  }

  /// By the divergence that live runs of the same labels have in the mean.
  @Test func equalDivergenceIsAskedFor() throws {
    #expect(try run(Self.replay).status == 0)
    try DatabaseQueue(path: folder.path("r.db")).write { db in
      try db.execute(
        sql: """
          INSERT INTO live_runs (identity, task, stored_at, library, engine, model_name, model_architecture,
            model_weights, model_sha256, prompt_tokens, sampling, settings)
          VALUES (?, 'passkey', '2026-11-27', 'l', 'e', 'm', 'a', 'w', 's', 8, 'greedy', '{}')
          """, arguments: [String(repeating: "a", count: 64)])
      for (row, label, kl) in [(0, "fasa @ 10", 0.5), (1, "fasa @ 10", 0.1), (2, "fasa @ 0.25", 0.2)] {
        try db.execute(
          sql: "INSERT INTO live_rows (live_run, row, policy, label, kl) VALUES (1, ?, 'fasa', ?, ?)",
          arguments: [row, label, kl])
      }
    }
    let kept = try points("--hardware h100-sxm --kernels vllm --at-kl 0.25")
    #expect(kept.map(\.label) == ["fasa @ 0.25"])
    let both = try points("--hardware h100-sxm --kernels vllm --at-kl 0.31")
    #expect(both.count == 1)
  }

  /// SparQ's kernels of before stand beside today's where they are on the other side of 1×, and nowhere else.
  @Test func earlierKernelsAreShownWhereTheyDisagree() throws {
    #expect(try run(Self.replay).status == 0)
    let options =
      "--db r.db --hardware h100-sxm --geometry llama-3.1-8b --context 256k --policy streaming-llm,dense"
    let text = try run("model \(options)")
    let points = try points(String(options.dropFirst("--db r.db ".count)))
    #expect(Set(points.map(\.kernels)) == ["vllm", "triton"])
    #expect(!text.output.contains("  with triton kernels "))
    let named = try run("model \(options) --kernels vllm,triton")
    #expect(named.output.contains("kernels vllm: ") && named.output.contains("kernels triton: "))
    // At 256 tokens of 4k fused kernels are faster than dense attention, and those of before are not.
    let apart = try run(
      "model --db r.db --hardware h100-sxm --geometry llama-3.1-8b --context 256k --policy fasa@10")
    #expect(apart.output.contains("  with triton kernels "))
  }

  /// Heads of multi-head latent attention share rows: who chooses for each head has no price there.
  @Test func whatLatentAttentionCannotServeIsLeftOut() throws {
    #expect(try run(Self.replay).status == 0)
    let text = try run("model --db r.db --hardware h200 --devices 8 --geometry deepseek-v3 --context 32k")
    #expect(text.status == 0 && text.output.contains("left out, since heads of deepseek-v3 share one row"))
    let none = try run("model --db r.db --hardware h200 --geometry deepseek-v3 --policy fasa")
    #expect(
      none.status == 1 && none.errors.contains("deepseek-v3: expected policies whose heads choose whole rows")
    )
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
      "'a101': expected the name of a machine, or a .yaml file, found neither; did you mean 'a10g'?"
    ),
    (
      "model --db r.db --hardware a100", 1,
      "'a100': expected the name of a machine, or a .yaml file, found neither; did you mean 'a100-40gb' or 'a100-80gb'?"
    ),
    (
      "model --db r.db --hardware a100-40gb --kernels fast", 1,
      "'fast': expected the name of a kernel set, or a .yaml file, found neither; choose from "
    ),
    ("model --db none.db --hardware a100-40gb --no-store", 1, "none.db"),
    (
      "model --db r.db --hardware a100-40gb --policy nothing", 1,
      "'nothing': expected a stored configuration of that name, found none"
    ),
    ("model --db r.db --hardware epyc-7763 --kernels vllm", 1, "of GPUs"),
    ("model --db r.db --hardware ./no.yaml", 1, "./no.yaml: expected a YAML file"),
    ("model --db r.db --hardware a100-40gb --context 0", 64, "context"),
    ("model --db r.db --hardware a100-40gb --devices 0", 64, "--devices: expected 1 to 65536, found 0"),
    ("model --db r.db --hardware a100-40gb --kv-bits 1", 64, "--kv-bits: expected 2 to 32 bits, found 1"),
    ("model --db r.db --hardware a100-40gb --reserve 1", 64, "--reserve: expected a share"),
    ("model --db r.db --hardware a100-40gb --at-kl 0", 64, "--at-kl: expected a number above 0"),
    ("model --db r.db --hardware a100-40gb --at-kl 0.1", 1, "live runs: expected some of the configurations"),
    (
      "model --db r.db --hardware a100-40gb --at-kl 0.1 --at-output-error 1", 64,
      "--at-kl: expected without --at-output-error"
    ),
    (
      "model --db r.db --hardware h100-sxm --devices 7 --geometry llama-3.1-8b", 1,
      "llama-3.1-8b: expected devices that share 32 query heads and 8 KV heads evenly, found 7"
    ),
    (
      "model --db r.db --hardware h100-sxm --devices 5 --geometry qwen2.5-32b", 1,
      "qwen2.5-32b: expected devices that share 40 query heads and 8 KV heads evenly, found 5"
    ),
    (
      "model --db r.db --hardware m2-ultra --devices 2", 1,
      "m2-ultra/metal: expected kernels whose sums over devices were measured, found none"
    ),
    ("model --db r.db --hardware h100-sxm --kernels native", 1, "the set 'native' of processors"),
    ("model --db r.db --hardware h100-sxm --kernels ,", 64, "--kernels: expected names, found none"),
    (
      "model --db r.db --hardware h100-sxm --geometry gema-3-4b", 64,
      "--geometry: 'gema-3-4b': expected the name of a model"
    ),
    ("model --db r.db --hardware h100-sxm --geometry gema-3-4b", 64, "did you mean 'gemma-3-4b'? there are"),
    (
      "model --db r.db --hardware h100-sxm --geometry ./none.gguf", 1, "./none.gguf: expected a readable file"
    ),
    ("model --db r.db --hardware h100-sxm --geometry .", 1, "./config.json: expected a readable file"),
    ("synth n.zst --shape gema-3-4b", 64, "--shape: 'gema-3-4b': expected the name of a model"),
    ("synth n.zst --shape n.json", 1, "n.json: expected a readable file"),
    ("model --db r.db --hardware h100-sxm --weight-bits 4", 64, "--weight-bits: expected --geometry with it"),
    ("model --db r.db --hardware a100-40gb --context 64k..1k", 64, "context"),
    (
      "hardware show tritn", 1,
      "'tritn': expected the name of a machine or kernel set, or a .yaml file, found none of them; did you mean 'triton'?"
    ),
    (
      "hardware validate --kernel attn-none", 1,
      "sparq.csv: expected the kernels asked for, found none called attn-none; did you mean "
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
    let one = try points("--hardware a100-40gb --kernels vllm --policy random:sinks=1,recent=2@10")
    #expect(one.map(\.label) == ["random:sinks=1,recent=2 @ 10"])
    #expect(try points("--hardware a100-40gb --kernels vllm --policy random,oracle@10").count == 2)
  }

  /// Of two parts of a trace a label stands for two configurations, told apart by names that can be typed.
  @Test func twoScopesOfOneLabelAreTwoNames() throws {
    for layer in 0...1 {
      let replay = "replay t.zst --policy random,oracle --budget 10 --layers \(layer) --no-timing --db r.db"
      #expect(try run(replay).status == 0)
    }
    #expect(try run("replay t.zst --policy streaming-llm --budget 10 --no-timing --db r.db").status == 0)
    let table = try run("model --db r.db --hardware a100-40gb --kernels vllm --no-store")
    #expect(table.status == 0, "\(table.errors)")
    let names = table.output.split(separator: "\n").compactMap {
      $0.split(separator: " ").first.map(String.init)
    }
    for name in ["random@10@layers:0", "random@10@layers:1", "oracle@10@layers:0", "oracle@10@layers:1"] {
      #expect(names.count { $0 == name } == 1, "\(name)")
      #expect(try points("--hardware a100-40gb --kernels vllm --policy \(name)").count == 1)
    }
    #expect(table.output.contains("\nstreaming-llm @ 10"))
  }

  @Test func twoFilesOfOneNameAreRefused() throws {
    #expect(try run(Self.replay).status == 0)
    let shown = try run("hardware show a100-40gb").output
    for (name, bandwidth) in [("one.yaml", "3110e9"), ("two.yaml", "1555000000000")] {
      let text = shown.replacing(
        "bandwidth_bytes_per_s: 1555000000000", with: "bandwidth_bytes_per_s: \(bandwidth)")
      _ = try folder.file(Data(text.replacing("name: a100-40gb", with: "name: mine").utf8), name)
    }
    let refused = try run("model --db r.db --hardware one.yaml,a100-40gb,two.yaml")
    #expect(refused.status == 1 && refused.output.isEmpty)
    #expect(
      refused.errors
        == "Error: one.yaml, two.yaml: expected machines of names of their own, found 'mine' 2 times; leave one out, or give it another name in its file\n"
    )
    #expect(try run("model --db r.db --hardware one.yaml,one.yaml,a100-40gb --no-store").status == 0)
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
      "--hardware mine.yaml,a100-40gb --kernels vllm --geometry llama-3.1-8b --context 1m --policy dense")
    #expect(points.map(\.machine) == ["mine", "a100-40gb"])
    #expect(points[0].denseNs < 0.51 * points[1].denseNs)
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
