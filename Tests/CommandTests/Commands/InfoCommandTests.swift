import Foundation
import TestSupport
import Testing
import Traces

@testable import Experiments
@testable import fasa_sim

@Suite struct InfoCommandTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try Inputs.trace(in: folder)
  }

  @Test func aTraceIsToldInLines() throws {
    let run = try Executable.run(["info", "t.zst", "--verify"], in: folder)
    #expect(run.status == 0 && run.errors.isEmpty)
    var lines: [String: String] = [:]
    for line in run.output.split(separator: "\n") {
      let name = line.prefix(17).trimmingCharacters(in: .whitespaces)
      lines[name] = String(line.dropFirst(17))
    }
    #expect(lines["geometry"] == "2 layers, 6 query heads, 2 KV heads, d 32, dv 32")
    #expect(lines["rope"] == "16 chunks, half pairs, base 10,000")
    #expect(lines["tokens"] == "120: 80 prompt, 40 decode, seeded")
    #expect(lines["queries"] == "72 traced, 32 of them an observation window in the prompt")
    #expect(lines["rotation"] == "not stated: nothing says that it was verified in every captured layer")
    #expect(lines["check"] == "every frame, checksum and value is sound")
    #expect(lines["sha256"]?.count == 64)
  }

  /// Gemma 3 has a window and a base of their own in five layers of six.
  @Test func layersAreToldByWindowAndRotation() throws {
    let synth =
      "synth w.zst --shape gemma-3-4b --query-heads 2 --kv-heads 1 --head-dim 16 --tokens 60 --decode 4"
    let made = try Executable.run(
      (synth + " --layers 3-7").split(separator: " ").map(String.init), in: folder)
    #expect(made.status == 0, "\(made.errors)")
    #expect(
      made.output.contains(
        """
        rope             8 chunks, half pairs
        attention        layers 3-4,6-7: window of 1,024 tokens, base 10,000
                         layers 5: all tokens before, base 1,000,000

        """), "\(made.output)")
    let run = try Executable.run(["info", "w.zst", "--json"], in: folder)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let layers = try #require(json["layers"] as? [[String: Any]])
    #expect(layers.map { $0["layers"] as? [Int] } == [[3, 4, 6, 7], [5]])
    #expect(layers.map { $0["window_tokens"] as? Int } == [1024, nil])
    #expect(layers.map { $0["rope_base"] as? Double } == [10_000, 1_000_000])
    #expect(layers[0]["rope_pairing"] as? String == "half" && layers[0]["rotary_dim"] as? Int == 16)
  }

  /// Gemma 3's global layers turn eight times as slowly.
  @Test func scaledFrequenciesAreToldByTheirFactor() {
    let base = (0..<8).map { pow(10_000, -Double($0) / 8) }
    func text(_ frequencies: [Double]) -> String? {
      LayerKind.Scaling(frequencies, base: 10_000, rotaryDim: 16)?.text
    }
    #expect(text(base) == nil)
    #expect(text(base.map { Double(Float($0)) }) == nil)
    #expect(text(base.map { $0 / 8 }) == "frequencies ÷ 8.00")
    #expect(text([base[0]] + base.dropFirst().map { $0 / 32 }) == "frequencies ÷ 1.00 to 32.00")
    #expect(text(Array(base.prefix(6)) + [0, 0]) == "frequencies ÷ 1.00, 2 chunks do not turn")
  }

  @Test func jsonSaysTheSame() throws {
    let run = try Executable.run(["info", "t.zst", "--json"], in: folder)
    #expect(run.status == 0 && run.errors.isEmpty)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(json["traced_queries"] as? Int == 72 && json["observation_window"] as? Int == 32)
    #expect(json["verified"] as? Bool == false)
    #expect(json["container"] as? String == "seekableZstd")
    #expect((json["tensors"] as? [[String: Any]])?.count == 8)
    #expect((json["rotation"] as? String)?.hasPrefix("not stated") == true)
    #expect(((json["metadata"] as? [String: Any])?["tokens"] as? [String: Any])?["prompt"] as? Int == 80)
  }

  @Test func howTheRotationWasVerifiedIsTold() throws {
    let synthetic = SyntheticTrace(prompt: 8, decode: 2, window: 2)
    var metadata = synthetic.metadata
    metadata.rope.layerFrequencies = .byLayer([1: [Double](repeating: 0.5, count: 16)])
    metadata.capture.rotationCheck = .init(
      method: "shifted tokens", tokens: 5, shifts: [1, 1000], largestError: 3e-6, largestErrorLayer: 1,
      tolerance: 0.02)
    let writer = try TraceWriter(
      path: folder.path("checked.zst"), metadata: metadata, tokenIDs: synthetic.tokenIDs,
      queryPositions: synthetic.queryPositions)
    for number in metadata.capturedLayers { try writer.write(try #require(synthetic.layer(number))) }
    try writer.finish()
    let told =
      "verified when captured by shifted tokens: 5 tokens, moved by 1 and 1,000, "
      + "turn as stated within 3.0e-06, tolerance 0.02"
    let text = try Executable.run(["info", "checked.zst"], in: folder).output
    #expect(text.contains("rotation         \(told)\n"))
    #expect(text.contains("rope             16 chunks, half pairs\n"))
    #expect(text.contains("attention        layers 0: all tokens before, base 10,000\n"))
    #expect(text.contains("\n                 layers 1: all tokens before, base 10,000, frequencies ÷ "))
    let run = try Executable.run(["info", "checked.zst", "--json"], in: folder)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    #expect(json["rotation"] as? String == told)
    let capture = (json["metadata"] as? [String: Any])?["capture"] as? [String: Any]
    #expect((capture?["rotation_check"] as? [String: Any])?["largest_error_layer"] as? Int == 1)
  }

  /// Scores from elsewhere by their kind, and by how much our attention differs from what the engine gave.
  @Test func whatATraceHoldsBesideIsTold() throws {
    try SyntheticTrace(
      prompt: 60, decode: 4, window: 8, hasOutput: true, hasOutputProjection: true, hasScores: true
    ).write(to: folder.path("more.zst"))
    let text = try Executable.run(["info", "more.zst", "--verify"], in: folder).output
    let lines = text.split(separator: "\n")
    #expect(lines.contains("projections      of layers 0-1, to 192 channels"))
    let scores = try #require(lines.first { $0.hasPrefix("scores ") })
    #expect(scores.contains(": an indexer of ") && scores.contains(": a score a token, layers 0-1; "))
    #expect(scores.hasSuffix("norms of projected values, layers 0-1"))
    // 12 traced positions of 6 heads in each of two layers, stored in 16 bits.
    let engine = try #require(lines.first { $0.hasPrefix("engine's output  ours differs by ") })
    #expect(engine.hasSuffix(" over 144 heads and positions of layers 0-1"))
    let run = try Executable.run(["info", "more.zst", "--verify", "--json"], in: folder)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any])
    let agreement = try #require(json["engine_agreement"] as? [String: Any])
    let (median, largest) = (
      try #require(agreement["median_relative_error"] as? Double),
      try #require(agreement["largest_relative_error"] as? Double)
    )
    #expect(0 < median && median <= largest && largest < 1e-2)
    #expect(engine.contains(String(format: "%.1e (median), %.1e (largest)", median, largest)))
  }

  @Test func aBundledTraceIsAsItsReadmeSays() throws {
    let run = try Executable.run(["info", Inputs.bundledTrace("qa-4096.zst")], in: folder)
    #expect(run.status == 0)
    #expect(run.output.contains("SmolLM2-135M-Instruct, llama, Q4_1 GGUF\n"))
    #expect(run.output.contains("4,099: 3,979 prompt, 120 decode, teacher-forced\n"))
  }
}
