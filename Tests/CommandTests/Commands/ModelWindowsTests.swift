import Foundation
import GRDB
import Results
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

/// Layers that see the latest tokens alone are priced apart from those that see everything.
@Suite struct ModelWindowsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ command: String) throws -> Executable.Outcome {
    let outcome = try Executable.run(command.split(separator: " ").map(String.init), in: folder)
    #expect(outcome.status == 0, "\(command): \(outcome.errors)")
    return outcome
  }

  private struct Report: Decodable {
    let points: [Point]
    struct Point: Decodable {
      let label: String
      let geometry: String
      let contextTokens: Double
      let policyNs: Double
      let denseNs: Double
      let modelledSpeedup: Double?
      let layers: Layers?
      let largestBatch: Int?
    }
    struct Layers: Decodable, Equatable {
      let fullLayers: Int
      let windowedLayers: Int
      let windowTokens: Int
      let fullPolicyNs: Double
      let fullDenseNs: Double
      let windowedPolicyNs: Double
      let windowedDenseNs: Double
      let policyNs: Double
      let denseNs: Double
      let modelledSpeedup: Double
    }
  }

  private func points(_ options: String) throws -> [Report.Point] {
    let outcome = try run("model --json --no-store --hardware h100-sxm --kernels vllm \(options)")
    return try JSONDecoder.ofTheDatabase.decode(Report.self, from: Data(outcome.output.utf8)).points
  }

  /// Tokens of the windows of ``windowedTrace()``.
  private static let window = 64

  /// Two layers of four, of which every other one has a window; both kinds are captured.
  private func windowedTrace() throws {
    let config = """
      {"model_type": "llama", "_name_or_path": "windowed", "hidden_size": 64, "intermediate_size": 128,
       "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 100,
       "sliding_window": \(Self.window), "sliding_window_pattern": 2}
      """
    _ = try folder.file(Data(config.utf8), "w.json")
    _ = try run("synth w.zst --shape w.json --tokens 400 --decode 8 --layers 0-1")
    _ = try run(
      "replay w.zst --policy quest:dense-layers=0,streaming-llm --budget 32,80 --no-timing --db w.db")
  }

  @Test func aTracesOwnWindowsArePricedApart() throws {
    try windowedTrace()
    for point in try points("--db w.db --context 64k") {
      let layers = try #require(point.layers)
      #expect(layers.fullLayers == 2 && layers.windowedLayers == 2 && layers.windowTokens == Self.window)
      #expect(layers.fullPolicyNs == point.policyNs)
      #expect(layers.fullDenseNs == point.denseNs)
      #expect(
        layers.policyNs == 2 * layers.fullPolicyNs + 2 * layers.windowedPolicyNs)
      #expect(layers.modelledSpeedup == layers.denseNs / layers.policyNs)
      // 64 thousand tokens take longer than 64.
      #expect(layers.windowedDenseNs < 0.9 * layers.fullDenseNs)
      // A budget of 80 holds the whole window of 64: nothing is chosen there.
      let isCovered = point.label.hasSuffix("@ 80")
      #expect((layers.windowedPolicyNs == layers.windowedDenseNs) == isCovered)
    }
  }

  /// Means over both kinds of layers would be of neither.
  @Test func fullLayersAreWhatAReplayOfThemAloneSays() throws {
    try windowedTrace()
    let both = try points("--db w.db")
    _ = try run(
      "replay w.zst --policy quest:dense-layers=0,streaming-llm --budget 32,80 --no-timing --layers 1 --db one.db"
    )
    let alone = try points("--db one.db")
    #expect(both.map(\.label) == alone.map(\.label) && !both.isEmpty)
    for (a, b) in zip(both, alone) {
      #expect(abs(a.policyNs / b.policyNs - 1) < 1e-9)
      #expect(a.contextTokens == b.contextTokens && a.contextTokens > 390)
      // Of the other layers the trace tells that they have a window, and a replay of none of them what policies do there.
      #expect(b.layers?.windowedLayers == 2)
      #expect(b.layers?.windowedPolicyNs == b.layers?.windowedDenseNs)
      #expect(a.layers?.windowedDenseNs == b.layers?.windowedDenseNs)
    }
  }

  @Test func textShowsEachKindAndTheSum() throws {
    try windowedTrace()
    let text = try run("model --db w.db --no-store --hardware h100-sxm --kernels vllm --context 64k").output
    #expect(text.contains("attention of all 4 layers at 64k: 2 full, 2 with a window of 64 tokens\n"))
    let header = try #require(text.split(separator: "\n").first { $0.contains("with the window") })
    #expect(header.contains("full layers") && header.contains("sum in µs") && header.contains("speed-up"))
    let dense = try #require(text.split(separator: "\n").first { $0.hasPrefix("dense attention") })
    #expect(dense.matches(of: /2 × \d+\.\d µs/).count == 2)
    #expect(text.contains("one with a window of 64 tokens reads no more than that"))
  }

  @Test func aModelsFileIsPricedAsItsBundledShape() throws {
    try Inputs.trace(in: folder)
    _ = try run("replay t.zst --policy quest,streaming-llm --budget 10 --no-timing --db r.db")
    let text = PublishedGemma.text
    try FileManager.default.createDirectory(
      at: folder.url.appending(path: "Gemma-Own"), withIntermediateDirectories: true)
    _ = try folder.file(Data(text.utf8), "Gemma-Own/config.json")
    let own = try points("--db r.db --geometry Gemma-Own --context 64k")
    let bundled = try points("--db r.db --geometry gemma-3-4b --context 64k")
    #expect(own.allSatisfy { $0.geometry == "Gemma-Own" } && own.count == 2)
    #expect(
      own.map(\.layers) == bundled.map(\.layers) && own.map(\.largestBatch) == bundled.map(\.largestBatch))
    #expect(own[0].layers?.fullLayers == 5 && own[0].layers?.windowedLayers == 29)
    // No trace layer has a window, so that no policy has a part in the model's.
    #expect(own.allSatisfy { $0.layers?.windowedPolicyNs == $0.layers?.windowedDenseNs })
    // Models all of whose layers are alike are told as they were.
    #expect(try points("--db r.db --geometry llama-3.1-8b --context 64k").allSatisfy { $0.layers == nil })
    // The database names it, too.
    _ = try run("model --db r.db --hardware h100-sxm --geometry Gemma-Own --context 64k")
    let names = try DatabaseQueue(path: folder.path("r.db")).read {
      try String.fetchSet($0, sql: "SELECT geometry FROM modelled")
    }
    #expect(names == ["Gemma-Own"])
  }

  private enum PublishedGemma {
    static let text = """
      {"model_type": "gemma3", "text_config": {"hidden_size": 2560, "intermediate_size": 10240,
        "model_type": "gemma3_text", "num_hidden_layers": 34, "sliding_window": 1024}, "torch_dtype": "bfloat16"}
      """
  }

  /// Nothing beyond the window is ever seen.
  @Test func aModelWithWindowsAloneEndsAtItsWindow() throws {
    try Inputs.trace(in: folder)
    _ = try run("replay t.zst --policy streaming-llm --budget 10 --no-timing --db r.db")
    let config = """
      {"model_type": "mistral", "_name_or_path": "old-mistral", "hidden_size": 4096, "intermediate_size": 14336,
       "max_position_embeddings": 32768, "num_attention_heads": 32, "num_hidden_layers": 32,
       "num_key_value_heads": 8, "sliding_window": 4096, "vocab_size": 32000}
      """
    _ = try folder.file(Data(config.utf8), "mistral.json")
    let fit = try points("--db r.db --geometry mistral.json --context 4k")
    #expect(fit.count == 1 && fit[0].layers == nil)
    let beyond = try Executable.run(
      ["model", "--db", "r.db", "--hardware", "h100-sxm", "--geometry", "mistral.json", "--context", "8k"],
      in: folder)
    #expect(beyond.status == 1)
    #expect(beyond.errors.contains("old-mistral: expected contexts up to 4096"), "\(beyond.errors)")
  }

  @Test func exploringHoldsTheSumAgainstDenseAttention() throws {
    try windowedTrace()
    let outcome = try run(
      "explore w.zst --max-output-error 0.9 --policy streaming-llm --max-trials 20 --hardware h100-sxm --context 64k --db w.db --json"
    )
    let found = try JSONDecoder.ofTheDatabase.decode(Explored.self, from: Data(outcome.output.utf8))
    let cheapest = try #require(found.cheapest)
    let layers = try #require(cheapest.layers)
    #expect(
      abs(cheapest.cost * 4 / layers.policyNs - 1) < 1e-9
        && cheapest.modelledSpeedup == layers.modelledSpeedup)
    #expect(abs(found.denseCost * 4 / layers.denseNs - 1) < 1e-9)
    let text = try run(
      "explore w.zst --max-output-error 0.9 --policy streaming-llm --max-trials 20 --hardware h100-sxm --context 64k --db w.db"
    ).output
    #expect(text.contains("µs full  µs window  µs/layer"))
    #expect(text.contains("note: attention of 2 full, 2 with a window of 64 tokens"))
  }

  private struct Explored: Decodable {
    let denseCost: Double
    let cheapest: Point?
    struct Point: Decodable {
      let cost: Double
      let modelledSpeedup: Double
      let layers: Report.Layers?
    }
  }
}
