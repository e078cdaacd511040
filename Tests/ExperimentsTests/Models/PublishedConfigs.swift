/// `config.json` texts with the published values of bundled models, what says nothing of the shape left out.
enum PublishedConfigs {
  static let all: [(name: String, text: String)] = [
    (
      "smollm2-135m",
      """
      {"model_type": "llama", "hidden_size": 576, "intermediate_size": 1536, "num_attention_heads": 9,
       "num_hidden_layers": 30, "num_key_value_heads": 3, "rope_theta": 100000, "rope_scaling": null,
       "tie_word_embeddings": true, "torch_dtype": "bfloat16", "vocab_size": 49152}
      """
    ),
    ("llama-3.1-8b", llama(hidden: 4096, intermediate: 14_336, heads: 32, layers: 32)),
    ("llama-3.1-70b", llama(hidden: 8192, intermediate: 28_672, heads: 64, layers: 80)),
    ("deepseek-r1-distill-llama-8b", llama(hidden: 4096, intermediate: 14_336, heads: 32, layers: 32)),
    ("deepseek-r1-distill-llama-70b", llama(hidden: 8192, intermediate: 28_672, heads: 64, layers: 80)),
    ("qwen2.5-7b", qwen(hidden: 3584, intermediate: 18_944, heads: 28, kvHeads: 4, layers: 28)),
    ("qwen2.5-14b", qwen(hidden: 5120, intermediate: 13_824, heads: 40, kvHeads: 8, layers: 48)),
    ("qwen2.5-32b", qwen(hidden: 5120, intermediate: 27_648, heads: 40, kvHeads: 8, layers: 64)),
    (
      "deepseek-r1-distill-qwen-7b",
      qwen(hidden: 3584, intermediate: 18_944, heads: 28, kvHeads: 4, layers: 28, base: 10_000)
    ),
    (
      "deepseek-r1-distill-qwen-14b",
      qwen(hidden: 5120, intermediate: 13_824, heads: 40, kvHeads: 8, layers: 48)
    ),
    (
      "deepseek-r1-distill-qwen-32b",
      qwen(hidden: 5120, intermediate: 27_648, heads: 40, kvHeads: 8, layers: 64)
    ),
    (
      "qwen3-8b",
      """
      {"model_type": "qwen3", "head_dim": 128, "hidden_size": 4096, "intermediate_size": 12288,
       "max_position_embeddings": 40960, "max_window_layers": 36, "num_attention_heads": 32,
       "num_hidden_layers": 36, "num_key_value_heads": 8, "rope_theta": 1000000, "sliding_window": null,
       "tie_word_embeddings": false, "torch_dtype": "bfloat16", "use_sliding_window": false, "vocab_size": 151936}
      """
    ),
    (
      "qwen3-32b",
      """
      {"model_type": "qwen3", "head_dim": 128, "hidden_size": 5120, "intermediate_size": 25600,
       "max_position_embeddings": 40960, "max_window_layers": 64, "num_attention_heads": 64,
       "num_hidden_layers": 64, "num_key_value_heads": 8, "rope_theta": 1000000, "sliding_window": null,
       "tie_word_embeddings": false, "torch_dtype": "bfloat16", "use_sliding_window": false, "vocab_size": 151936}
      """
    ),
    (
      "mistral-7b",
      """
      {"model_type": "mistral", "hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 32768,
       "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "rope_theta": 1000000.0,
       "sliding_window": null, "tie_word_embeddings": false, "torch_dtype": "bfloat16", "vocab_size": 32768}
      """
    ),
    // No KV heads of its own, and no head_dim.
    (
      "llama-2-7b",
      """
      {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "max_position_embeddings": 4096,
       "num_attention_heads": 32, "num_hidden_layers": 32, "torch_dtype": "float16", "vocab_size": 32000}
      """
    ),
    // The language model's part alone counts, which leaves out what transformers takes by itself.
    (
      "gemma-3-4b",
      """
      {"model_type": "gemma3", "text_config": {"hidden_size": 2560, "intermediate_size": 10240,
         "model_type": "gemma3_text", "num_hidden_layers": 34,
         "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024},
       "torch_dtype": "bfloat16", "vision_config": {"hidden_size": 1152, "num_hidden_layers": 27}}
      """
    ),
    (
      "gemma-3-12b",
      """
      {"model_type": "gemma3", "text_config": {"hidden_size": 3840, "intermediate_size": 15360,
         "model_type": "gemma3_text", "num_attention_heads": 16, "num_hidden_layers": 48,
         "num_key_value_heads": 8, "sliding_window": 1024}, "torch_dtype": "bfloat16"}
      """
    ),
    (
      "gemma-3-27b",
      """
      {"model_type": "gemma3", "text_config": {"head_dim": 128, "hidden_size": 5376, "intermediate_size": 21504,
         "model_type": "gemma3_text", "num_attention_heads": 32, "num_hidden_layers": 62,
         "num_key_value_heads": 16, "query_pre_attn_scalar": 168, "sliding_window": 1024},
       "torch_dtype": "bfloat16"}
      """
    ),
    ("gpt-oss-20b", gptOSS(layers: 24, experts: 32)),
    ("gpt-oss-120b", gptOSS(layers: 36, experts: 128)),
    (
      "deepseek-v3",
      """
      {"model_type": "deepseek_v3", "first_k_dense_replace": 3, "hidden_size": 7168, "intermediate_size": 18432,
       "kv_lora_rank": 512, "moe_intermediate_size": 2048, "moe_layer_freq": 1, "n_routed_experts": 256,
       "n_shared_experts": 1, "num_attention_heads": 128, "num_experts_per_tok": 8, "num_hidden_layers": 61,
       "num_key_value_heads": 128, "num_nextn_predict_layers": 1, "q_lora_rank": 1536, "qk_nope_head_dim": 128,
       "qk_rope_head_dim": 64, "quantization_config": {"activation_scheme": "dynamic", "fmt": "e4m3",
         "quant_method": "fp8", "weight_block_size": [128, 128]},
       "rope_theta": 10000, "tie_word_embeddings": false, "torch_dtype": "bfloat16", "v_head_dim": 128,
       "vocab_size": 129280}
      """
    ),
  ]

  private static func llama(hidden: Int, intermediate: Int, heads: Int, layers: Int) -> String {
    """
    {"model_type": "llama", "hidden_size": \(hidden), "intermediate_size": \(intermediate),
     "max_position_embeddings": 131072, "num_attention_heads": \(heads), "num_hidden_layers": \(layers),
     "num_key_value_heads": 8, "rope_scaling": {"factor": 8.0, "rope_type": "llama3"}, "rope_theta": 500000.0,
     "tie_word_embeddings": false, "torch_dtype": "bfloat16", "vocab_size": 128256}
    """
  }

  /// Their window is written and not used.
  private static func qwen(
    hidden: Int, intermediate: Int, heads: Int, kvHeads: Int, layers: Int, base: Int = 1_000_000
  ) -> String {
    """
    {"model_type": "qwen2", "hidden_size": \(hidden), "intermediate_size": \(intermediate),
     "max_position_embeddings": 131072, "max_window_layers": \(layers), "num_attention_heads": \(heads),
     "num_hidden_layers": \(layers), "num_key_value_heads": \(kvHeads), "rope_theta": \(base),
     "sliding_window": 4096, "tie_word_embeddings": false, "torch_dtype": "bfloat16",
     "use_sliding_window": false, "vocab_size": 152064}
    """
  }

  private static func gptOSS(layers: Int, experts: Int) -> String {
    let kinds = (0..<layers).map { $0 % 2 == 0 ? "\"sliding_attention\"" : "\"full_attention\"" }
    return """
      {"model_type": "gpt_oss", "experts_per_token": 4, "head_dim": 64, "hidden_size": 2880,
       "intermediate_size": 2880, "layer_types": [\(kinds.joined(separator: ", "))],
       "max_position_embeddings": 131072, "num_attention_heads": 64, "num_experts_per_tok": 4,
       "num_hidden_layers": \(layers), "num_key_value_heads": 8, "num_local_experts": \(experts),
       "quantization_config": {"modules_to_not_convert": ["lm_head"], "quant_method": "mxfp4"},
       "rope_theta": 150000, "sliding_window": 128, "tie_word_embeddings": false, "vocab_size": 201088}
      """
  }
}
