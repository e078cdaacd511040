import Attention
import Foundation
import Pricing
import TestSupport
import Testing

@testable import Experiments

@Suite struct ConfigJSONTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func shape(_ text: String) throws -> ModelShape {
    try ConfigJSON(path: folder.file(Data(text.utf8), "config.json")).shape()
  }

  /// A small model, with some fields in place of its own; nil takes one out.
  private func shape(_ changes: [String: String?]) throws -> ModelShape {
    var fields = [
      "model_type": "\"llama\"", "hidden_size": "64", "intermediate_size": "128", "num_hidden_layers": "6",
      "num_attention_heads": "4", "num_key_value_heads": "2", "vocab_size": "1000",
    ]
    for (name, value) in changes { fields[name] = value }
    return try shape("{" + fields.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}")
  }

  @Test func publishedConfigsAreTheBundledShapes() throws {
    #expect(Set(PublishedConfigs.all.map(\.name)) == Set(ModelLocator.names))
    for (name, text) in PublishedConfigs.all {
      var read = try shape(text)
      read.name = name
      #expect(read == ModelShape.bundled(named: name), "\(name)")
    }
  }

  @Test(
    arguments: [
      (["sliding_window": "8"], Array(0..<6)),
      (["sliding_window": "8", "max_position_embeddings": "8"], nil),
      (["sliding_window": "8", "use_sliding_window": "false"], nil),
      (["sliding_window": "null"], nil),
      (["sliding_window": "8", "sliding_window_pattern": "3"], [0, 1, 3, 4]),
      (["sliding_window": "8", "sliding_window_pattern": "\"LG\""], [0, 2, 4]),
      (["sliding_window": "8", "model_type": "\"gemma2\""], [0, 2, 4]),
      (["sliding_window": "8", "model_type": "\"gemma3_text\""], [0, 1, 2, 3, 4]),
      (["sliding_window": "8", "model_type": "\"qwen2\""], nil),
      (
        [
          "sliding_window": "8", "model_type": "\"qwen2\"", "use_sliding_window": "true",
          "max_window_layers": "4",
        ],
        [4, 5]
      ),
      (
        [
          "sliding_window": "8", "sliding_window_pattern": "3",
          "layer_types":
            "[\(["full", "full", "sliding", "full", "full", "full"].map { "\"\($0)_attention\"" }.joined(separator: ", "))]",
        ], [2]
      ),
    ] as [([String: String], [Int]?)])
  func windowsAreOfTheLayersThatHaveThem(fields: [String: String], layers: [Int]?) throws {
    let read = try shape(fields.mapValues { $0 })
    #expect(read.windowed?.layers == layers)
    #expect(layers == nil || read.windowed?.tokens == 8)
  }

  @Test func aModelMayHaveItsWindowInEveryLayer() throws {
    let read = try shape(["sliding_window": "8"])
    #expect(read.windowOfAll == 8 && read.partlyWindowed == nil)
    #expect(ModelShape.gemma3_4B.windowOfAll == nil && ModelShape.gemma3_4B.partlyWindowed != nil)
  }

  @Test func rotationsMayStandByKindOfLayer() throws {
    let parameters =
      "{\"full_attention\": {\"rope_theta\": 5000}, \"sliding_attention\": {\"rope_theta\": 70}}"
    let read = try shape([
      "rope_parameters": parameters, "sliding_window": "8", "sliding_window_pattern": "2",
    ])
    #expect(read.ropeBase == 5000 && read.windowed?.ropeBase == 70)
    #expect(try shape(["rope_parameters": "{\"rope_theta\": 3000}"]).ropeBase == 3000)
  }

  @Test func expertsMayBeInSomeLayers() throws {
    let qwen = try shape([
      "model_type": "\"qwen2_moe\"", "num_experts": "60", "num_experts_per_tok": "4",
      "moe_intermediate_size": "32", "shared_expert_intermediate_size": "128", "decoder_sparse_step": "2",
      "mlp_only_layers": "[1]",
    ])
    // Layers 0, 2, 4 by the step, and 1.
    #expect(
      qwen.experts == .init(count: 60, perToken: 4, shared: 4, intermediate: 32, denseLayers: 4))
    #expect(qwen.widths.intermediate == 128)
    let mixtral = try shape(["num_local_experts": "8", "num_experts_per_tok": "2"])
    #expect(mixtral.experts == .init(count: 8, perToken: 2, intermediate: 128))
    #expect(mixtral.widths.intermediate == 0)
  }

  @Test(
    arguments: [
      ("{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 128}", 4 + 20.0 / 128, 16),
      ("{\"quant_method\": \"gptq\", \"bits\": 8, \"group_size\": -1}", 8, 16),
      ("{\"quant_method\": \"fp8\"}", 8, 16),
      ("{\"quant_method\": \"bitsandbytes\", \"load_in_4bit\": true}", 4.5, 16),
      (
        "{\"quant_method\": \"compressed-tensors\", \"config_groups\": {\"group_0\": {\"weights\": {\"num_bits\": 4, \"group_size\": 64}}}}",
        4.25, 16
      ),
      ("{\"group_size\": 64, \"bits\": 4}", 4.5, 4.5),
    ] as [(String, Double, Double)])
  func weightsHaveTheBitsThatAreStated(settings: String, bits: Double, tables: Double) throws {
    let read = try shape(["quantization_config": settings]).weightBits
    #expect(read.projections == bits && read.tables == tables)
  }

  @Test func plainWeightsHaveTheirTypesBits() throws {
    #expect(
      try shape(["torch_dtype": "\"float32\""]).weightBits == .init(experts: 32, projections: 32, tables: 32))
    #expect(try shape(["dtype": "\"float16\""]).weightBits == .init())
    #expect(try shape([:]).weightBits == .init())
  }

  @Test(
    arguments: [
      (
        ["num_hidden_layers": nil],
        "num_hidden_layers: expected a whole number from 1 to 4096, found no such field"
      ),
      (["num_hidden_layers": "-3"], "num_hidden_layers: expected a whole number from 1 to 4096, found -3"),
      (["num_hidden_layers": "1e9"], "num_hidden_layers: expected a whole number from 1 to 4096"),
      (["hidden_size": "\"64\""], "hidden_size: expected a whole number from 1 to 16777216, found '64'"),
      (
        ["num_key_value_heads": "3"],
        "num_key_value_heads: expected a divisor of the 4 of num_attention_heads, found 3"
      ),
      (["num_attention_heads": "5", "num_key_value_heads": "5"], "head_dim: expected channels of a head"),
      (["head_dim": "0"], "head_dim: expected a whole number from 1 to 8192, found 0"),
      (
        ["layer_types": "[\"full_attention\"]", "sliding_window": "4"],
        "layer_types: expected a kind for each of 6 layers"
      ),
      (
        ["layer_types": "[\"x\", \"x\", \"x\", \"x\", \"x\", \"x\"]", "sliding_window": "4"],
        "layer_types: expected full_attention or sliding_attention, found 'x'"
      ),
      // Layers that do not attend, of a model without a window.
      (
        ["layer_types": "[\"linear_attention\", \"x\", \"x\", \"x\", \"x\", \"x\"]"],
        "layer_types: expected full_attention or sliding_attention, found 'linear_attention'"
      ),
      (["sliding_window": "0"], "sliding_window: expected a whole number from 1"),
      (["num_experts": "4"], "num_experts_per_tok: expected a whole number from 1 to 4, found no such field"),
      (
        ["num_experts": "4", "num_experts_per_tok": "5"],
        "num_experts_per_tok: expected a whole number from 1 to 4, found 5"
      ),
      (["kv_lora_rank": "16"], "qk_nope_head_dim: expected a whole number"),
      (["global_head_dim": "32"], "global_head_dim: expected 16, as in the layers with a window, found 32"),
      (["num_kv_shared_layers": "2"], "num_kv_shared_layers: expected 0"),
      (["mamba_d_state": "16"], "mamba_d_state: expected a model all of whose layers attend"),
      (["rope_theta": "-1"], "rope_theta: expected a number above 0, found -1"),
      (["text_config": "3"], "text_config: expected an object, found 3"),
      (
        ["quantization_config": "{\"quant_method\": \"new\"}"],
        "quantization_config.quant_method: expected awq"
      ),
      (["tie_word_embeddings": "1"], "tie_word_embeddings: expected true or false, found 1"),
    ] as [([String: String?], String)])
  func whatNoModelSaysIsOneError(changes: [String: String?], message: String) throws {
    let error = #expect(throws: PricingError.self) { try shape(changes) }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("config.json: \(message)"), "\(text)")
  }

  @Test(arguments: ["", "[1]", "{\"a\": 1", "{\"a\": 1, \"a\": 2}", String(repeating: "[", count: 100_000)])
  func whatIsNoJSONObjectIsOneError(text: String) {
    #expect(throws: PricingError.self) { try shape(text) }
  }

  @Test func aModelIsNamedByItsFileOrFolder() throws {
    #expect(try shape(["_name_or_path": "\"owner/Some-Model-7B\""]).name == "Some-Model-7B")
    let hub = "models--owner--Other-8B/snapshots/0123abc"
    for (path, name) in [(hub, "Other-8B"), ("mine", "mine")] {
      let inner = folder.url.appending(path: path)
      try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
      try Data(PublishedConfigs.all[0].text.utf8).write(to: inner.appending(path: "config.json"))
      #expect(try ModelLocator.shape(inner.path(percentEncoded: false)).name == name)
    }
  }

  /// In a database a name is one shape.
  @Test func aBundledNameIsItsShapeAlone() throws {
    _ = try shape(["_name_or_path": "\"llama-3.1-8b\""])
    #expect(try ModelLocator.shape(folder.path("config.json")).name == "llama-3.1-8b (config.json)")
    #expect(try ModelLocator.shape("llama-3.1-8b") == .llama3_1_8B)
  }

  @Test func aMisspeltNameIsToldTheNearest() {
    let error = #expect(throws: PricingError.self) { try ModelLocator.shape("gema-3-4b") }
    #expect(error?.advice?.hasPrefix("did you mean 'gemma-3-4b'? there are smollm2-135m, ") == true)
    #expect(throws: PricingError.self) { try ModelLocator.shape("none/of/these.gguf") }
    #expect(throws: PricingError.self) { try ModelLocator.shape("/dev/zero") }
  }
}
