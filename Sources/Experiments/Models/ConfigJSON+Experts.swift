import Attention
import Pricing

extension ConfigJSON {
  /// Nil where each layer has one MLP.
  func experts(layers: Int) throws -> ModelShape.Experts? {
    let limit = 0...ModelFields.Limit.experts.upperBound
    guard let count = try fields.count("num_local_experts", "n_routed_experts", "num_experts", in: limit),
      count > 1
    else { return nil }
    let perToken = try fields.needed("num_experts_per_tok", "experts_per_token", "moe_topk", in: 1...count)
    let width = try fields.needed("moe_intermediate_size", "intermediate_size", in: ModelFields.Limit.width)
    let shared = try fields.count("n_shared_experts", "num_shared_experts", in: limit) ?? family.sharedExperts
    let sharedWidth =
      try fields.count(
        "shared_expert_intermediate_size", "shared_intermediate_size",
        in: 0...ModelFields.Limit.width.upperBound)
      ?? shared * width
    return ModelShape.Experts(
      count: Double(count), perToken: Double(perToken), shared: Double(sharedWidth) / Double(width),
      intermediate: Double(width), denseLayers: Double(try denseLayers(layers)))
  }

  /// Layers with one MLP: the first, those that are listed, or all but each of so many.
  private func denseLayers(_ layers: Int) throws -> Int {
    let first = try fields.count("first_k_dense_replace", "num_dense_layers", in: 0...layers) ?? 0
    let step =
      try fields.count(
        "decoder_sparse_step", "moe_layer_freq", "interleave_moe_layer_step", in: ModelFields.Limit.layers)
      ?? 1
    let listed = Set(
      try (fields.list("mlp_only_layers") ?? []).compactMap {
        if case .count(let layer) = $0 { layer } else { nil }
      })
    return (0..<layers).count { layer in
      layer < first || (layer + 1) % step != 0 || listed.contains(layer)
    }
  }

  /// `intermediate_size` of layers without experts.
  func denseWidth(_ experts: ModelShape.Experts?, layers: Int) throws -> Double {
    if let experts, experts.denseLayers == 0 { return 0 }
    return Double(
      try fields.needed("intermediate_size_mlp", "intermediate_size", in: ModelFields.Limit.width))
  }
}
