import Attention
import Pricing
import Traces

extension GGUFModel {
  /// Nil where each layer has one MLP.
  func experts(layers: Int) throws -> ModelShape.Experts? {
    let limit = 0...ModelFields.Limit.experts.upperBound
    guard let count = try fields.count("expert_count", in: limit), count > 1 else { return nil }
    let width = try fields.needed(
      "expert_feed_forward_length", "feed_forward_length", in: ModelFields.Limit.width)
    let shared = try fields.count("expert_shared_count", in: limit) ?? 0
    let sharedWidth =
      try fields.count("expert_shared_feed_forward_length", in: 0...ModelFields.Limit.width.upperBound)
      ?? shared * width
    return ModelShape.Experts(
      count: Double(count), perToken: Double(try fields.needed("expert_used_count", in: 1...count)),
      shared: Double(sharedWidth) / Double(width), intermediate: Double(width),
      denseLayers: Double(try fields.count("leading_dense_block_count", in: 0...layers) ?? 0))
  }

  /// Of layers without experts.
  func denseWidth(_ experts: ModelShape.Experts?) throws -> Double {
    if let experts, experts.denseLayers == 0 { return 0 }
    return Double(try fields.needed("feed_forward_length", in: ModelFields.Limit.width))
  }

  /// Whether MLPs have a gate: a tensor of its own, or one that is as wide as two.
  var isGated: Bool {
    get throws {
      if tensors.keys.contains(where: { $0.contains(".ffn_gate") && !$0.contains("ffn_gate_inp") }) {
        return true
      }
      guard let up = tensors["blk.0.ffn_up.weight"]?.shape.last,
        let width = try fields.count("feed_forward_length", in: ModelFields.Limit.width)
      else { return true }
      return up == 2 * UInt64(width)
    }
  }

  /// As the tensors are stored, means over the weights of a kind; 16 of kinds that the file has none of. Of the tables
  /// the output layer counts, which every step reads.
  ///
  /// - Throws: `PricingError` where a tensor has a type that is not known, or more weights than there can be.
  func weightBits() throws -> ModelShape.WeightBits {
    var counts: [Kind: (weights: Double, bits: Double)] = [:]
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) where tensor.shape.count > 1 {
      guard let bits = GGUFTensorType.bits(tensor.type) else {
        throw PricingError(
          "\(fields.file): \(Excerpt.of(name))", expected: "a tensor type of ggml", found: "\(tensor.type)",
          advice: "give the bits of a weight by a config.json instead")
      }
      let weights = tensor.shape.reduce(1.0) { $0 * Double($1) }
      let sum = counts[kind(name)] ?? (0, 0)
      counts[kind(name)] = (sum.weights + weights, sum.bits + weights * bits)
    }
    func mean(_ kind: Kind) -> Double? {
      counts[kind].flatMap { $0.weights > 0 ? $0.bits / $0.weights : nil }
    }
    return .init(
      experts: mean(.experts) ?? 16, projections: mean(.projections) ?? 16,
      tables: mean(.output) ?? mean(.embedding) ?? 16)
  }

  private enum Kind { case experts, projections, output, embedding, other }

  private func kind(_ name: String) -> Kind {
    if name == "output.weight" { return .output }
    if name == "token_embd.weight" { return .embedding }
    guard name.hasPrefix("blk."), !name.contains("ffn_gate_inp") else { return .other }
    return name.contains("_exps.") ? .experts : .projections
  }
}
