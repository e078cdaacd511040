/// The shapes of models that people ask about, as their published `config.json` files give them.
///
/// The DeepSeek-R1 distillations have the shapes of the models that they were trained from. Sources of the others
/// stand in `hardware/models.md`.
public enum ModelShape: String, Sendable, CaseIterable {
  case smolLM2 = "smollm2-135m"
  case llama3_1_8B = "llama-3.1-8b"
  case llama3_1_70B = "llama-3.1-70b"
  case qwen2_5_7B = "qwen2.5-7b"
  case qwen2_5_14B = "qwen2.5-14b"
  case qwen2_5_32B = "qwen2.5-32b"
  case qwen3_8B = "qwen3-8b"
  case qwen3_32B = "qwen3-32b"
  case mistral7B = "mistral-7b"
  case llama2_7B = "llama-2-7b"
  case r1Llama8B = "deepseek-r1-distill-llama-8b"
  case r1Llama70B = "deepseek-r1-distill-llama-70b"
  case r1Qwen7B = "deepseek-r1-distill-qwen-7b"
  case r1Qwen14B = "deepseek-r1-distill-qwen-14b"
  case r1Qwen32B = "deepseek-r1-distill-qwen-32b"
  case gemma3_4B = "gemma-3-4b"
  case gemma3_12B = "gemma-3-12b"
  case gemma3_27B = "gemma-3-27b"
  case gptOSS20B = "gpt-oss-20b"
  case gptOSS120B = "gpt-oss-120b"
  case deepSeekV3 = "deepseek-v3"

  /// DeepSeek-V3's is that of its absorbed form, in which all query heads read one row a token: a latent of 512
  /// channels, and 64 rotated ones.
  public var geometry: Geometry {
    switch self {
    case .smolLM2: .init(layers: 30, queryHeads: 9, kvHeads: 3, headDim: 64, valueDim: 64)
    case .llama3_1_8B, .mistral7B, .r1Llama8B:
      .init(layers: 32, queryHeads: 32, kvHeads: 8, headDim: 128, valueDim: 128)
    case .llama3_1_70B, .r1Llama70B:
      .init(layers: 80, queryHeads: 64, kvHeads: 8, headDim: 128, valueDim: 128)
    case .llama2_7B: .init(layers: 32, queryHeads: 32, kvHeads: 32, headDim: 128, valueDim: 128)
    case .qwen3_8B: .init(layers: 36, queryHeads: 32, kvHeads: 8, headDim: 128, valueDim: 128)
    case .qwen3_32B: .init(layers: 64, queryHeads: 64, kvHeads: 8, headDim: 128, valueDim: 128)
    case .qwen2_5_7B, .r1Qwen7B: .init(layers: 28, queryHeads: 28, kvHeads: 4, headDim: 128, valueDim: 128)
    case .qwen2_5_14B, .r1Qwen14B: .init(layers: 48, queryHeads: 40, kvHeads: 8, headDim: 128, valueDim: 128)
    case .qwen2_5_32B, .r1Qwen32B: .init(layers: 64, queryHeads: 40, kvHeads: 8, headDim: 128, valueDim: 128)
    case .gemma3_4B: .init(layers: 34, queryHeads: 8, kvHeads: 4, headDim: 256, valueDim: 256)
    case .gemma3_12B: .init(layers: 48, queryHeads: 16, kvHeads: 8, headDim: 256, valueDim: 256)
    case .gemma3_27B: .init(layers: 62, queryHeads: 32, kvHeads: 16, headDim: 128, valueDim: 128)
    case .gptOSS20B: .init(layers: 24, queryHeads: 64, kvHeads: 8, headDim: 64, valueDim: 64)
    case .gptOSS120B: .init(layers: 36, queryHeads: 64, kvHeads: 8, headDim: 64, valueDim: 64)
    case .deepSeekV3: .init(layers: 61, queryHeads: 128, kvHeads: 1, headDim: 576, valueDim: 512)
    }
  }

  /// `rope_theta`, that of the layers without a window; the frequency scaling that some of them add is left out.
  public var ropeBase: Double {
    switch self {
    case .smolLM2: 100_000
    case .llama3_1_8B, .llama3_1_70B, .r1Llama8B, .r1Llama70B: 500_000
    case .r1Qwen7B, .llama2_7B, .deepSeekV3: 10_000
    case .gptOSS20B, .gptOSS120B: 150_000
    case .qwen2_5_7B, .qwen2_5_14B, .qwen2_5_32B, .qwen3_8B, .qwen3_32B, .mistral7B, .r1Qwen14B, .r1Qwen32B,
      .gemma3_4B, .gemma3_12B, .gemma3_27B:
      1_000_000
    }
  }
}
