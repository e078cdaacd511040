/// What transformers takes for fields that the published files of a family leave out, by `model_type`.
struct ConfigFamily {
  let type: String

  init(_ type: String) { self.type = type }

  private var isGemma3: Bool { type == "gemma3_text" || type == "gemma3" }

  // `Gemma3TextConfig`: google/gemma-3-4b-it's file states none of these.
  var heads: Int? { isGemma3 ? 8 : nil }
  var kvHeads: Int? { isGemma3 ? 4 : nil }
  var vocabulary: Int? { isGemma3 ? 262_208 : nil }
  var headDim: Int? {
    switch type {
    case "gemma", "gemma2", "gemma3", "gemma3_text": 256
    case "qwen3", "qwen3_moe": 128
    default: nil
    }
  }
  var ropeBase: Double? { isGemma3 ? 1_000_000 : nil }
  var localRopeBase: Double? { isGemma3 ? 10_000 : nil }

  var isTied: Bool { type.hasPrefix("gemma") || type.hasPrefix("cohere") }

  /// Whether an MLP has a gate beside its two matrices, as all but these have.
  var isGated: Bool {
    !["gpt_neox", "gpt2", "falcon", "phi", "starcoder2", "nemotron", "opt", "bloom", "mpt"].contains(type)
  }

  /// Experts that every token uses where the file does not count them.
  var sharedExperts: Int { type == "llama4_text" ? 1 : 0 }

  /// Which layers have the window where the file does not say.
  enum Windows {
    case all
    /// Every layer but each of so many.
    case allBut(every: Int)
    /// Only where `use_sliding_window` says so, from `max_window_layers` on.
    case onRequest
  }

  var windows: Windows {
    switch type {
    case "gemma2", "gpt_oss": .allBut(every: 2)
    case "gemma3", "gemma3_text": .allBut(every: 6)
    case "cohere2", "exaone4", "olmo3", "llama4_text": .allBut(every: 4)
    case "qwen2", "qwen2_moe", "qwen2_vl", "qwen2_vl_text", "qwen2_5_vl", "qwen2_5_vl_text", "qwen3",
      "qwen3_moe":
      .onRequest
    default: .all
    }
  }
}
