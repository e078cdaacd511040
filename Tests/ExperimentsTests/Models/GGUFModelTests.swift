import Attention
import Foundation
import Pricing
import TestSupport
import Testing

@testable import Experiments

@Suite struct GGUFModelTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func shape(_ bytes: GGUFBytes, _ name: String = "m.gguf") throws -> ModelShape {
    try GGUFModel(path: folder.file(bytes.data, name)).shape()
  }

  /// Llama-3.1-8B as llama.cpp's converter writes it, its layers' tensors left out but for one layer's.
  private static func llama(_ changes: [(String, GGUFBytes.Value?)] = []) -> GGUFBytes {
    var fields: [(String, GGUFBytes.Value)] = [
      ("general.architecture", .text("llama")), ("general.name", .text("Meta Llama 3.1 8B")),
      ("llama.block_count", .count(32)), ("llama.context_length", .count(131_072)),
      ("llama.embedding_length", .count(4096)), ("llama.feed_forward_length", .count(14_336)),
      ("llama.attention.head_count", .count(32)), ("llama.attention.head_count_kv", .count(8)),
      ("llama.rope.freq_base", .number(500_000)),
      ("tokenizer.ggml.tokens", .texts(Array(repeating: "a", count: 128_256))),
    ]
    for (name, value) in changes {
      fields.removeAll { $0.0 == name }
      if let value { fields.append((name, value)) }
    }
    return GGUFBytes(
      fields: fields,
      tensors: [
        ("token_embd.weight", [4096, 128_256], 30), ("output.weight", [4096, 128_256], 30),
        ("blk.0.attn_q.weight", [4096, 4096], 30), ("blk.0.ffn_gate.weight", [4096, 14_336], 30),
        ("blk.0.attn_norm.weight", [4096], 0),
      ])
  }

  @Test func aLlamaIsTheBundledOne() throws {
    var read = try shape(Self.llama())
    #expect(read.name == "Meta Llama 3.1 8B")
    read.name = "llama-3.1-8b"
    #expect(read == .llama3_1_8B)
    // By what the file holds, whatever it is called.
    _ = try folder.file(Self.llama().data, "model.bin")
    #expect(try ModelLocator.shape(folder.path("model.bin")).geometry == read.geometry)
  }

  @Test func gemmasLayersHaveTheirWindows() throws {
    let fields: [(String, GGUFBytes.Value)] = [
      ("general.architecture", .text("gemma3")), ("gemma3.block_count", .count(34)),
      ("gemma3.context_length", .count(131_072)), ("gemma3.embedding_length", .count(2560)),
      ("gemma3.feed_forward_length", .count(10_240)), ("gemma3.attention.head_count", .count(8)),
      ("gemma3.attention.head_count_kv", .count(4)), ("gemma3.attention.key_length", .count(256)),
      ("gemma3.attention.value_length", .count(256)), ("gemma3.attention.sliding_window", .count(1024)),
      ("gemma3.rope.freq_base", .number(1_000_000)), ("gemma3.vocab_size", .count(262_208)),
    ]
    var read = try shape(
      GGUFBytes(fields: fields, tensors: [("token_embd.weight", [2560, 262_208], 1)]), "gemma-3-4b.gguf")
    // No name in the file, and no output layer of its own.
    #expect(read.name == "gemma-3-4b" && read.isTied)
    #expect(read == .gemma3_4B)
    let flags = (0..<34).map { $0 == 3 }
    read = try shape(
      GGUFBytes(
        fields: fields + [("gemma3.attention.sliding_window_pattern", .flags(flags))], tensors: []))
    #expect(read.windowed?.layers == [3])
  }

  @Test func deepSeekIsTheBundledOne() throws {
    let fields: [(String, UInt32)] = [
      ("block_count", 61), ("embedding_length", 7168), ("feed_forward_length", 18_432),
      ("attention.head_count", 128), ("attention.head_count_kv", 1), ("attention.key_length", 576),
      ("attention.value_length", 512), ("attention.key_length_mla", 192), ("attention.value_length_mla", 128),
      ("attention.kv_lora_rank", 512), ("attention.q_lora_rank", 1536), ("rope.dimension_count", 64),
      ("expert_count", 256), ("expert_used_count", 8), ("expert_shared_count", 1),
      ("expert_feed_forward_length", 2048), ("leading_dense_block_count", 3), ("vocab_size", 129_280),
    ]
    var read = try shape(
      GGUFBytes(
        fields: [("general.architecture", .text("deepseek2"))]
          + fields.map { ("deepseek2.\($0.0)", GGUFBytes.Value.count($0.1)) },
        tensors: [("output.weight", [7168, 129_280], 1)]))
    read.name = "deepseek-v3"
    read.weightBits = ModelShape.deepSeekV3.weightBits
    #expect(read == .deepSeekV3)
  }

  /// Q4_K takes 4.5 bits a weight, Q6_K 6.5625, Q8_0 8.5, MXFP4 4.25.
  @Test func weightsHaveTheBitsOfTheirTensors() throws {
    var bytes = Self.llama()
    bytes.tensors = [
      ("token_embd.weight", [256, 1000], 12), ("output.weight", [256, 1000], 14),
      ("blk.0.attn_q.weight", [256, 300], 12), ("blk.0.attn_v.weight", [256, 100], 8),
      ("blk.0.ffn_up_exps.weight", [256, 64, 4], 39), ("blk.0.ffn_gate_inp.weight", [256, 4], 0),
      ("blk.0.attn_norm.weight", [256], 0),
    ]
    let bits = try shape(bytes).weightBits
    #expect(bits.projections == (300 * 4.5 + 100 * 8.5) / 400)
    #expect(bits.experts == 4.25 && bits.tables == 6.5625)
    bytes.tensors[0].type = 77
    #expect(throws: PricingError.self) { try shape(bytes) }
  }

  @Test func partsOfASplitFileAreReadTogether() throws {
    var first = Self.llama([("split.count", nil)])
    first.fields.append(("split.count", .count(2)))
    let output = first.tensors.remove(at: 1)
    #expect(throws: PricingError.self) { try shape(first, "m.gguf") }
    let path = try folder.file(first.data, "m-00001-of-00002.gguf")
    #expect(throws: PricingError.self) { try GGUFModel(path: path) }
    let second = GGUFBytes(fields: [("general.architecture", .text("llama"))], tensors: [output])
    _ = try folder.file(second.data, "m-00002-of-00002.gguf")
    #expect(try !GGUFModel(path: path).shape().isTied)
  }

  @Test(
    arguments: [
      (
        [("llama.block_count", nil)],
        "llama.block_count: expected a whole number from 1 to 4096, found no such field"
      ),
      ([("general.architecture", nil)], "general.architecture: expected a model's architecture"),
      (
        [("llama.attention.head_count_kv", .count(5))],
        "llama.attention.head_count_kv: expected a divisor of the 32"
      ),
      (
        [("llama.attention.head_count_kv", .counts([8, 0]))],
        "llama.attention.head_count_kv: expected the same in every layer, found 8 and 0"
      ),
      ([("llama.attention.key_length_swa", .count(64))], "llama.attention.key_length_swa: expected 128"),
      (
        [("llama.ssm.state_size", .count(16))],
        "llama.ssm.state_size: expected a model all of whose layers attend"
      ),
      (
        [
          ("llama.attention.kv_lora_rank", .count(512)), ("llama.rope.dimension_count", .count(8192)),
          ("llama.attention.key_length", .count(8192)),
        ],
        "llama.attention.key_length: expected more than the 8192 channels of rope.dimension_count, found 8192"
      ),
      ([("llama.expert_count", .count(8))], "llama.expert_used_count: expected a whole number from 1 to 8"),
      (
        [("llama.embedding_length", .text("wide"))],
        "llama.embedding_length: expected a whole number from 1 to 16777216, found 'wide'"
      ),
      ([("llama.rope.freq_base", .number(.nan))], "llama.rope.freq_base: expected a number above 0"),
      (
        [
          ("llama.attention.sliding_window", .count(64)),
          ("llama.attention.sliding_window_pattern", .flags([true])),
        ],
        "llama.attention.sliding_window_pattern: expected one for each of 32 layers, found 1"
      ),
    ] as [([(String, GGUFBytes.Value?)], String)])
  func whatNoModelSaysIsOneError(changes: [(String, GGUFBytes.Value?)], message: String) throws {
    let error = #expect(throws: PricingError.self) { try shape(Self.llama(changes)) }
    let text = error.map { "\($0)" } ?? ""
    #expect(text.contains("m.gguf: \(message)"), "\(text)")
  }

  /// Wherever a header ends too early it is said so.
  @Test func aTruncatedHeaderIsAnError() throws {
    var bytes = Self.llama([("tokenizer.ggml.tokens", .texts(["a", "b"]))])
    bytes.tensors = Array(bytes.tensors.prefix(2))
    let whole = bytes.data
    for count in 0..<whole.count {
      let path = try folder.file(whole.prefix(count), "cut.gguf")
      #expect(throws: PricingError.self) { try GGUFHeader(path: path) }
    }
  }

  /// Lengths that no file has, each where one is expected: nothing of such a size is asked of the memory.
  @Test func lengthsAreHeldToTheFile() throws {
    let whole = Self.llama([("tokenizer.ggml.tokens", .texts(["a", "b"]))]).data
    for offset in 8..<whole.count - 8 {
      var data = whole
      data.replaceSubrange(offset..<offset + 8, with: Data(repeating: 0xFF, count: 8))
      let path = try folder.file(data, "hostile.gguf")
      _ = try? GGUFModel(path: path).shape()
    }
    for (offset, part) in [(8, "tensor count"), (16, "field count")] {
      var data = whole
      data.replaceSubrange(offset..<offset + 8, with: Data([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0]))
      let error = try #require(
        #expect(throws: PricingError.self) { try GGUFHeader(path: folder.file(data, "hostile.gguf")) })
      #expect(error.place.hasSuffix(part) && error.found == "1099511627775")
    }
  }

  @Test func otherFilesAndVersionsAreRefused() throws {
    var bytes = Self.llama()
    bytes.version = 1
    #expect(throws: PricingError.self) { try shape(bytes) }
    #expect(throws: PricingError.self) {
      try GGUFModel(path: folder.file(Data("{\"a\": 1}".utf8), "a.gguf"))
    }
    var twice = Self.llama()
    twice.fields.append(twice.fields[0])
    #expect(throws: PricingError.self) { try shape(twice) }
  }
}
