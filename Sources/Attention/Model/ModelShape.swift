/// The shapes of models that people ask about, as their published `config.json` files give them.
///
/// The DeepSeek-R1 distillations have the shapes of the models that they were trained from.
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
    }
  }

  /// `rope_theta`; the frequency scaling that some of them add is left out.
  public var ropeBase: Double {
    switch self {
    case .smolLM2: 100_000
    case .llama3_1_8B, .llama3_1_70B, .r1Llama8B, .r1Llama70B: 500_000
    case .r1Qwen7B, .llama2_7B: 10_000
    case .qwen2_5_7B, .qwen2_5_14B, .qwen2_5_32B, .qwen3_8B, .qwen3_32B, .mistral7B, .r1Qwen14B, .r1Qwen32B:
      1_000_000
    }
  }

  /// `hidden_size`, `intermediate_size`, `vocab_size`.
  private var widths: (hidden: Double, intermediate: Double, vocabulary: Double) {
    switch self {
    case .smolLM2: (576, 1536, 49_152)
    case .llama3_1_8B, .r1Llama8B: (4096, 14_336, 128_256)
    case .llama3_1_70B, .r1Llama70B: (8192, 28_672, 128_256)
    case .qwen2_5_7B, .r1Qwen7B: (3584, 18_944, 152_064)
    case .qwen2_5_14B, .r1Qwen14B: (5120, 13_824, 152_064)
    case .qwen2_5_32B, .r1Qwen32B: (5120, 27_648, 152_064)
    case .qwen3_8B: (4096, 12_288, 151_936)
    case .qwen3_32B: (5120, 25_600, 151_936)
    case .mistral7B: (4096, 14_336, 32_768)
    case .llama2_7B: (4096, 11_008, 32_000)
    }
  }

  /// Weights that a decode step reads: the projections of attention, the three of the gated MLP, and the output layer.
  public var readParameters: Double {
    let (hidden, intermediate, vocabulary) = widths
    let heads = Double(geometry.queryHeads * geometry.headDim)
    let kvHeads = Double(geometry.kvHeads * geometry.headDim)
    let layer = hidden * (2 * heads + 2 * kvHeads) + 3 * hidden * intermediate
    return Double(geometry.layers) * layer + hidden * vocabulary
  }

  /// All weights: the embedding table too, where it is not the output layer's.
  public var parameters: Double {
    readParameters + (self == .smolLM2 ? 0 : widths.hidden * widths.vocabulary)
  }
}
