import Attention
import Foundation
import Pricing
import Traces

/// A model's `config.json`, as Hugging Face's transformers writes it.
///
/// Of a model of text and pictures the part of the language model is read. What files leave out is what transformers
/// takes then, for the families that do leave it out.
struct ConfigJSON {
  let path: String
  /// Of the whole file, and of the language model.
  let whole: ModelFields
  let fields: ModelFields

  /// Bytes of a file: those of today have a few thousand, most of them in lists by layer.
  private static let longest = 4 << 20

  /// - Throws: `PricingError` where it cannot be read or is no JSON object.
  init(path: String) throws {
    self.path = path
    let file: InputFile
    let bytes: [UInt8]
    do {
      file = try InputFile(path: path)
      guard file.size <= Self.longest else {
        throw PricingError(path, expected: "at most \(Self.longest) bytes", found: "\(file.size)")
      }
      bytes = try file.bytes(at: 0, count: file.size)
    } catch let error as TraceError {
      throw PricingError(error)
    }
    do {
      guard case .fields(let members)? = ModelValue(try JSONReader.read(bytes)) else {
        throw PricingError(path, expected: "a JSON object", found: "another value")
      }
      whole = ModelFields(file: path, members)
    } catch let error as JSONError {
      throw PricingError(
        "\(path): byte \(error.offset)", expected: error.expected, found: Excerpt.of(error.found))
    }
    fields =
      try whole.inner("text_config") ?? whole.inner("llm_config") ?? whole.inner("language_config") ?? whole
  }

  /// - Throws: `PricingError` where a field that is needed lacks, or says what no model has.
  func shape() throws -> ModelShape {
    try refuseOthers()
    let layers = try fields.needed("num_hidden_layers", in: ModelFields.Limit.layers)
    let experts = try experts(layers: layers)
    let widths = ModelShape.Widths(
      hidden: Double(try hidden), intermediate: try denseWidth(experts, layers: layers),
      vocabulary: Double(
        try fields.count("vocab_size", in: ModelFields.Limit.vocabulary) ?? family.vocabulary
          ?? fields.needed("vocab_size", in: ModelFields.Limit.vocabulary)),
      matrices: family.isGated ? 3 : 2)
    let base =
      try fields.number("rope_theta") ?? rope("full_attention") ?? family.ropeBase ?? 10_000
    let isTied =
      try fields.flag("tie_word_embeddings") ?? whole.flag("tie_word_embeddings") ?? family.isTied
    let bits = try weightBits()
    if let latent = try latent() {
      return ModelShape(
        name: name, latent: latent, layers: layers, widths: widths, ropeBase: base, isTied: isTied,
        experts: experts, weightBits: bits)
    }
    return ModelShape(
      name: name, geometry: try geometry(layers: layers), widths: widths, ropeBase: base, isTied: isTied,
      windowed: try windowed(layers: layers), experts: experts, weightBits: bits)
  }

  var family: ConfigFamily { ConfigFamily(fields.text("model_type") ?? whole.text("model_type") ?? "") }

  private var hidden: Int {
    get throws { try fields.needed("hidden_size", in: ModelFields.Limit.width) }
  }

  private func geometry(layers: Int) throws -> Geometry {
    let heads = try heads
    let kvHeads =
      try fields.count("num_key_value_heads", in: ModelFields.Limit.heads) ?? family.kvHeads ?? heads
    guard heads.isMultiple(of: kvHeads) else {
      throw fields.error(
        "num_key_value_heads", expected: "a divisor of the \(heads) of num_attention_heads",
        found: "\(kvHeads)")
    }
    let given = try fields.count("head_dim", in: ModelFields.Limit.channels) ?? family.headDim
    let hidden = try hidden
    guard let headDim = given ?? (hidden.isMultiple(of: heads) ? hidden / heads : nil) else {
      throw fields.error(
        "head_dim", expected: "channels of a head, where \(heads) heads do not divide \(hidden) channels",
        found: "no such field")
    }
    for (name, own) in [("global_head_dim", headDim), ("num_global_key_value_heads", kvHeads)] {
      guard let other = try fields.count(name, in: ModelFields.Limit.channels), other != own else { continue }
      throw fields.error(
        name, expected: "\(own), as in the layers with a window", found: "\(other)",
        advice: "models whose layers differ so are not priced")
    }
    return Geometry(
      layers: layers, queryHeads: heads, kvHeads: kvHeads, headDim: headDim, valueDim: headDim)
  }

  private var heads: Int {
    get throws {
      try fields.count("num_attention_heads", in: ModelFields.Limit.heads) ?? family.heads
        ?? fields.needed("num_attention_heads", in: ModelFields.Limit.heads)
    }
  }

  private func latent() throws -> ModelShape.Latent? {
    guard let rank = try fields.count("kv_lora_rank", in: ModelFields.Limit.channels) else { return nil }
    return ModelShape.Latent(
      heads: try heads, queryRank: try fields.count("q_lora_rank", in: ModelFields.Limit.width), rank: rank,
      nope: try fields.needed("qk_nope_head_dim", in: ModelFields.Limit.channels),
      rope: try fields.needed("qk_rope_head_dim", in: ModelFields.Limit.channels),
      value: try fields.needed("v_head_dim", in: ModelFields.Limit.channels))
  }

  /// Models whose caches or layers are of another kind would be priced wrongly.
  private func refuseOthers() throws {
    if let shared = try fields.count("num_kv_shared_layers", in: 0...4096), shared > 0 {
      throw fields.error(
        "num_kv_shared_layers", expected: "0: a cache for each layer", found: "\(shared)",
        advice: "models whose layers share caches are not priced")
    }
    for name in ["ssm_state_size", "mamba_d_state", "hybrid_override_pattern"] {
      guard let value = fields.values[name] else { continue }
      throw fields.error(
        name, expected: "a model all of whose layers attend", found: value.excerpt,
        advice: "models with other layers are not priced")
    }
  }

  /// In transformers from version 5 on, for all layers or by their kind.
  func rope(_ kind: String) throws -> Double? {
    guard let parameters = try fields.inner("rope_parameters") else { return nil }
    let own = try? parameters.inner(kind)
    return try own?.number("rope_theta") ?? parameters.number("rope_theta")
  }
}

extension ModelValue {
  /// Nil for null, which is as if the field were not there.
  init?(_ value: JSONValue) {
    switch value {
    case .null: return nil
    case .bool(let flag): self = .flag(flag)
    case .integer(let count): self = .count(count)
    case .number(let number): self = .number(number)
    case .string(let text): self = .text(text)
    case .array(let values): self = .list(values.compactMap(ModelValue.init))
    case .object(let members): self = .fields(members.compactMapValues(ModelValue.init))
    }
  }
}
