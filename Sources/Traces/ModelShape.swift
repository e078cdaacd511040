/// The attention shapes of models that people ask about, as their published `config.json` files give them.
public enum ModelShape: String, Sendable, CaseIterable {
  case smolLM2 = "smollm2-135m"
  case llama3_1_8B = "llama-3.1-8b"
  case llama3_1_70B = "llama-3.1-70b"
  case qwen2_5_7B = "qwen2.5-7b"
  case mistral7B = "mistral-7b"

  public var geometry: TraceMetadata.Geometry {
    switch self {
    case .smolLM2: .init(layers: 30, queryHeads: 9, kvHeads: 3, headDim: 64, valueDim: 64)
    case .llama3_1_8B, .mistral7B: .init(layers: 32, queryHeads: 32, kvHeads: 8, headDim: 128, valueDim: 128)
    case .llama3_1_70B: .init(layers: 80, queryHeads: 64, kvHeads: 8, headDim: 128, valueDim: 128)
    case .qwen2_5_7B: .init(layers: 28, queryHeads: 28, kvHeads: 4, headDim: 128, valueDim: 128)
    }
  }

  /// `rope_theta`; the frequency scaling that some of them add is left out.
  public var ropeBase: Double {
    switch self {
    case .smolLM2: 100_000
    case .llama3_1_8B, .llama3_1_70B: 500_000
    case .qwen2_5_7B, .mistral7B: 1_000_000
    }
  }
}
