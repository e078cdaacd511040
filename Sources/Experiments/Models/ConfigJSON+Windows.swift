import Attention
import Pricing

extension ConfigJSON {
  /// The layers that see the latest tokens alone; nil where every layer sees all.
  ///
  /// What `layer_types` says goes before a pattern, and that before what the family does. A window that holds the
  /// longest context is none.
  ///
  /// - Throws: `PricingError` also where no layer has a window and some do not attend at all.
  func windowed(layers: Int) throws -> ModelShape.Windowed? {
    let listed = try listedKinds(layers)
    let names = ["sliding_window", "attention_chunk_size"]
    guard let name = names.first(where: { fields.values[$0] != nil }) else { return nil }
    guard try fields.flag("use_sliding_window") ?? true else { return nil }
    let tokens = try fields.needed(name, in: ModelFields.Limit.window)
    let longest = try fields.count("max_position_embeddings", in: ModelFields.Limit.window)
    if let longest, tokens >= longest { return nil }
    let base = try fields.number("rope_local_base_freq") ?? localBase ?? family.localRopeBase
    let numbers = try windowedLayers(layers, listed: listed)
    return numbers.isEmpty ? nil : .init(layers: numbers, tokens: tokens, ropeBase: base)
  }

  private var localBase: Double? {
    get throws {
      guard let parameters = try fields.inner("rope_parameters") else { return nil }
      return try parameters.inner("sliding_attention")?.number("rope_theta")
    }
  }

  private func windowedLayers(_ layers: Int, listed: [Bool]?) throws -> [Int] {
    let all = Array(0..<layers)
    if let listed { return all.filter { listed[$0] } }
    if let pattern = try pattern() { return all.filter { pattern[$0 % pattern.count] } }
    switch family.windows {
    case .all: return all
    case .allBut(let every): return all.filter { ($0 + 1) % every != 0 }
    case .onRequest:
      guard try fields.flag("use_sliding_window") ?? false else { return [] }
      let first = try fields.count("max_window_layers", in: 0...ModelFields.Limit.layers.upperBound) ?? 0
      return all.filter { $0 >= first }
    }
  }

  /// `layer_types`: whether each layer has the window.
  private func listedKinds(_ layers: Int) throws -> [Bool]? {
    guard let kinds = try fields.list("layer_types") else { return nil }
    guard kinds.count == layers else {
      throw fields.error(
        "layer_types", expected: "a kind for each of \(layers) layers", found: "\(kinds.count)")
    }
    return try kinds.map { kind in
      switch kind {
      case .text("full_attention"): return false
      case .text("sliding_attention"), .text("chunked_attention"): return true
      default:
        throw fields.error(
          "layer_types", expected: "full_attention or sliding_attention", found: kind.excerpt,
          advice: "models with other layers are not priced")
      }
    }
  }

  /// `sliding_window_pattern`: of so many layers the last sees everything, or a letter for each, L of those that do not.
  private func pattern() throws -> [Bool]? {
    let names = ["sliding_window_pattern", "_sliding_window_pattern"]
    guard let name = names.first(where: { fields.values[$0] != nil }) else { return nil }
    if let letters = fields.text(name) {
      guard !letters.isEmpty, letters.count <= 4096, letters.allSatisfy({ "LG".contains($0) }) else {
        throw fields.error(name, expected: "a count, or letters L and G", found: "'\(letters.prefix(80))'")
      }
      return letters.map { $0 == "L" }
    }
    let every = try fields.needed(name, in: ModelFields.Limit.layers)
    return (1...every).map { $0 != every }
  }
}
