/// The shapes of models that people ask about. Sources stand in `hardware/models.md`.
extension ModelShape {
  /// In the order in which help lists them.
  public static let bundled: [ModelShape] = [
    smolLM2, llama3_1_8B, llama3_1_70B, qwen2_5_7B, qwen2_5_14B, qwen2_5_32B, qwen3_8B, qwen3_32B, mistral7B,
    llama2_7B, r1Llama8B, r1Llama70B, r1Qwen7B, r1Qwen14B, r1Qwen32B, gemma3_4B, gemma3_12B, gemma3_27B,
    gptOSS20B, gptOSS120B, deepSeekV3,
  ]

  /// The bundled shape of a name; nil where there is none.
  public static func bundled(named name: String) -> ModelShape? { bundled.first { $0.name == name } }

  public static let smolLM2 = ModelShape(
    name: "smollm2-135m", geometry: .init(layers: 30, queryHeads: 9, kvHeads: 3, channels: 64),
    widths: .init(hidden: 576, intermediate: 1536, vocabulary: 49_152), ropeBase: 100_000, isTied: true)
  public static let llama3_1_8B = ModelShape(
    name: "llama-3.1-8b", geometry: .init(layers: 32, queryHeads: 32, kvHeads: 8, channels: 128),
    widths: .init(hidden: 4096, intermediate: 14_336, vocabulary: 128_256), ropeBase: 500_000)
  public static let llama3_1_70B = ModelShape(
    name: "llama-3.1-70b", geometry: .init(layers: 80, queryHeads: 64, kvHeads: 8, channels: 128),
    widths: .init(hidden: 8192, intermediate: 28_672, vocabulary: 128_256), ropeBase: 500_000)
  public static let qwen2_5_7B = ModelShape(
    name: "qwen2.5-7b", geometry: .init(layers: 28, queryHeads: 28, kvHeads: 4, channels: 128),
    widths: .init(hidden: 3584, intermediate: 18_944, vocabulary: 152_064), ropeBase: 1_000_000)
  public static let qwen2_5_14B = ModelShape(
    name: "qwen2.5-14b", geometry: .init(layers: 48, queryHeads: 40, kvHeads: 8, channels: 128),
    widths: .init(hidden: 5120, intermediate: 13_824, vocabulary: 152_064), ropeBase: 1_000_000)
  public static let qwen2_5_32B = ModelShape(
    name: "qwen2.5-32b", geometry: .init(layers: 64, queryHeads: 40, kvHeads: 8, channels: 128),
    widths: .init(hidden: 5120, intermediate: 27_648, vocabulary: 152_064), ropeBase: 1_000_000)
  public static let qwen3_8B = ModelShape(
    name: "qwen3-8b", geometry: .init(layers: 36, queryHeads: 32, kvHeads: 8, channels: 128),
    widths: .init(hidden: 4096, intermediate: 12_288, vocabulary: 151_936), ropeBase: 1_000_000)
  public static let qwen3_32B = ModelShape(
    name: "qwen3-32b", geometry: .init(layers: 64, queryHeads: 64, kvHeads: 8, channels: 128),
    widths: .init(hidden: 5120, intermediate: 25_600, vocabulary: 151_936), ropeBase: 1_000_000)
  public static let mistral7B = ModelShape(
    name: "mistral-7b", geometry: .init(layers: 32, queryHeads: 32, kvHeads: 8, channels: 128),
    widths: .init(hidden: 4096, intermediate: 14_336, vocabulary: 32_768), ropeBase: 1_000_000)
  public static let llama2_7B = ModelShape(
    name: "llama-2-7b", geometry: .init(layers: 32, queryHeads: 32, kvHeads: 32, channels: 128),
    widths: .init(hidden: 4096, intermediate: 11_008, vocabulary: 32_000))

  // The DeepSeek-R1 distillations have the shapes of the models that they were trained from.
  public static let r1Llama8B = llama3_1_8B.named("deepseek-r1-distill-llama-8b")
  public static let r1Llama70B = llama3_1_70B.named("deepseek-r1-distill-llama-70b")
  public static let r1Qwen7B = qwen2_5_7B.named("deepseek-r1-distill-qwen-7b", ropeBase: 10_000)
  public static let r1Qwen14B = qwen2_5_14B.named("deepseek-r1-distill-qwen-14b")
  public static let r1Qwen32B = qwen2_5_32B.named("deepseek-r1-distill-qwen-32b")

  public static let gemma3_4B = ModelShape(
    name: "gemma-3-4b", geometry: .init(layers: 34, queryHeads: 8, kvHeads: 4, channels: 256),
    widths: .init(hidden: 2560, intermediate: 10_240, vocabulary: 262_208), ropeBase: 1_000_000,
    isTied: true, windowed: .allBut(every: 6, of: 34, tokens: 1024, ropeBase: 10_000))
  public static let gemma3_12B = ModelShape(
    name: "gemma-3-12b", geometry: .init(layers: 48, queryHeads: 16, kvHeads: 8, channels: 256),
    widths: .init(hidden: 3840, intermediate: 15_360, vocabulary: 262_208), ropeBase: 1_000_000,
    isTied: true, windowed: .allBut(every: 6, of: 48, tokens: 1024, ropeBase: 10_000))
  public static let gemma3_27B = ModelShape(
    name: "gemma-3-27b", geometry: .init(layers: 62, queryHeads: 32, kvHeads: 16, channels: 128),
    widths: .init(hidden: 5376, intermediate: 21_504, vocabulary: 262_208), ropeBase: 1_000_000,
    isTied: true, windowed: .allBut(every: 6, of: 62, tokens: 1024, ropeBase: 10_000))

  // No layer of gpt-oss is without experts.
  public static let gptOSS20B = ModelShape(
    name: "gpt-oss-20b", geometry: .init(layers: 24, queryHeads: 64, kvHeads: 8, channels: 64),
    widths: .init(hidden: 2880, intermediate: 0, vocabulary: 201_088), ropeBase: 150_000,
    windowed: .allBut(every: 2, of: 24, tokens: 128),
    experts: .init(count: 32, perToken: 4, intermediate: 2880), weightBits: .init(experts: mxfp4))
  public static let gptOSS120B = ModelShape(
    name: "gpt-oss-120b", geometry: .init(layers: 36, queryHeads: 64, kvHeads: 8, channels: 64),
    widths: .init(hidden: 2880, intermediate: 0, vocabulary: 201_088), ropeBase: 150_000,
    windowed: .allBut(every: 2, of: 36, tokens: 128),
    experts: .init(count: 128, perToken: 4, intermediate: 2880), weightBits: .init(experts: mxfp4))

  public static let deepSeekV3 = ModelShape(
    name: "deepseek-v3",
    latent: .init(heads: 128, queryRank: 1536, rank: 512, nope: 128, rope: 64, value: 128),
    layers: 61, widths: .init(hidden: 7168, intermediate: 18_432, vocabulary: 129_280),
    experts: .init(count: 256, perToken: 8, shared: 1, intermediate: 2048, denseLayers: 3),
    // FP8: 8 bits, and a scale of 32 bits for a block of 128 × 128.
    weightBits: .init(experts: 8 + 32.0 / (128 * 128), projections: 8 + 32.0 / (128 * 128)))

  /// MXFP4: 4 bits, and a scale of 8 bits for 32 weights.
  private static let mxfp4 = 4.25

  private func named(_ name: String, ropeBase: Double? = nil) -> ModelShape {
    var other = self
    other.name = name
    other.ropeBase = ropeBase ?? self.ropeBase
    return other
  }
}

extension Geometry {
  /// Of keys and values that are equally wide.
  fileprivate init(layers: Int, queryHeads: Int, kvHeads: Int, channels: Int) {
    self.init(
      layers: layers, queryHeads: queryHeads, kvHeads: kvHeads, headDim: channels, valueDim: channels)
  }
}
