import Attention
import Foundation
import Pricing
import Traces

/// A model in a GGUF file, or in several that lie side by side, by what stands before their weights.
struct GGUFModel {
  private let header: GGUFHeader
  private let architecture: String
  /// Those that are named after the architecture.
  let fields: ModelFields
  /// Of all files.
  let tensors: [String: GGUFHeader.Tensor]

  /// - Throws: `PricingError` where a file cannot be read or is damaged.
  init(path: String) throws {
    header = try GGUFHeader(path: path)
    guard case .text(let architecture)? = header.fields["general.architecture"] else {
      throw PricingError(
        "\(path): general.architecture", expected: "a model's architecture", found: "no such field")
    }
    self.architecture = architecture
    let prefix = "\(architecture)."
    fields = ModelFields(
      file: path, prefix: "\(Excerpt.of(prefix))",
      Dictionary(
        header.fields.filter { $0.key.hasPrefix(prefix) }.map {
          ($0.key.dropFirst(prefix.count).description, $0.value)
        }
      ) { first, _ in first })
    tensors = try Self.otherParts(of: path, header).reduce(into: header.tensors) { all, part in
      all.merge(try GGUFHeader(path: part).tensors) { first, _ in first }
    }
  }

  /// The other files of a model that was split: `…-00001-of-00003.gguf` and those after it.
  private static func otherParts(of path: String, _ header: GGUFHeader) throws -> [String] {
    guard case .count(let count)? = header.fields["split.count"], count > 1 else { return [] }
    guard let match = path.firstMatch(of: /-(\d{5})-of-(\d{5})\.gguf$/), Int(match.2) == count else {
      throw PricingError(
        "\(path): split.count",
        expected: "a file called …-00001-of-\(String(format: "%05d", min(count, 99_999))).gguf",
        found: "\(count) parts, and another name")
    }
    let stem = path[..<match.range.lowerBound]
    return (1...count).map { stem + String(format: "-%05d-of-%05d.gguf", $0, count) }.filter { $0 != path }
  }

  /// - Throws: `PricingError` where a field that is needed lacks, or says what no model has.
  func shape() throws -> ModelShape {
    let layers = try fields.needed("block_count", in: ModelFields.Limit.layers)
    let hidden = try fields.needed("embedding_length", in: ModelFields.Limit.width)
    let experts = try experts(layers: layers)
    let widths = ModelShape.Widths(
      hidden: Double(hidden), intermediate: try denseWidth(experts), vocabulary: Double(try vocabulary),
      matrices: try isGated ? 3 : 2)
    let base = try fields.number("rope.freq_base") ?? 10_000
    let isTied = tensors["output.weight"] == nil
    let bits = try weightBits()
    if let latent = try latent() {
      return ModelShape(
        name: name, latent: latent, layers: layers, widths: widths, ropeBase: base, isTied: isTied,
        experts: experts, weightBits: bits)
    }
    return ModelShape(
      name: name, geometry: try geometry(layers: layers, hidden: hidden), widths: widths, ropeBase: base,
      isTied: isTied, windowed: try windowed(layers: layers), experts: experts, weightBits: bits)
  }

  private var name: String {
    if case .text(let name)? = header.fields["general.name"], !name.isEmpty { return Excerpt.of(name) }
    return Excerpt.of(URL(fileURLWithPath: header.path).deletingPathExtension().lastPathComponent)
  }

  private func geometry(layers: Int, hidden: Int) throws -> Geometry {
    if let state = fields.values["ssm.state_size"] {
      throw fields.error(
        "ssm.state_size", expected: "a model all of whose layers attend", found: state.excerpt,
        advice: "models with other layers are not priced")
    }
    let heads = try fields.needed("attention.head_count", in: ModelFields.Limit.heads)
    let kvHeads = try fields.count("attention.head_count_kv", in: ModelFields.Limit.heads) ?? heads
    guard heads.isMultiple(of: kvHeads) else {
      throw fields.error(
        "attention.head_count_kv", expected: "a divisor of the \(heads) of attention.head_count",
        found: "\(kvHeads)")
    }
    let given = try fields.count("attention.key_length", in: ModelFields.Limit.channels)
    guard let headDim = given ?? (hidden.isMultiple(of: heads) ? hidden / heads : nil) else {
      throw fields.error(
        "attention.key_length",
        expected: "channels of a head, where \(heads) heads do not divide \(hidden) channels",
        found: "no such field")
    }
    let valueDim = try fields.count("attention.value_length", in: ModelFields.Limit.channels) ?? headDim
    for (name, own) in [("attention.key_length_swa", headDim), ("attention.value_length_swa", valueDim)] {
      guard let other = try fields.count(name, in: ModelFields.Limit.channels), other != own else { continue }
      throw fields.error(
        name, expected: "\(own), as in the layers without a window", found: "\(other)",
        advice: "models whose layers differ so are not priced")
    }
    return Geometry(
      layers: layers, queryHeads: heads, kvHeads: kvHeads, headDim: headDim, valueDim: valueDim)
  }

  private func latent() throws -> ModelShape.Latent? {
    guard let rank = try fields.count("attention.kv_lora_rank", in: ModelFields.Limit.channels) else {
      return nil
    }
    let rope = try fields.needed("rope.dimension_count", in: ModelFields.Limit.channels)
    let key = try fields.needed(
      "attention.key_length_mla", "attention.key_length", in: ModelFields.Limit.channels)
    guard key > rope else {
      throw fields.error(
        "attention.key_length", expected: "more than the \(rope) channels of rope.dimension_count",
        found: "\(key)")
    }
    return ModelShape.Latent(
      heads: try fields.needed("attention.head_count", in: ModelFields.Limit.heads),
      queryRank: try fields.count("attention.q_lora_rank", in: ModelFields.Limit.width), rank: rank,
      nope: key - rope, rope: rope,
      value: try fields.needed(
        "attention.value_length_mla", "attention.value_length", in: ModelFields.Limit.channels))
  }

  private var vocabulary: Int {
    get throws {
      let limit = ModelFields.Limit.vocabulary
      if let stated = try fields.count("vocab_size", in: limit) { return stated }
      let name = "tokenizer.ggml.tokens"
      let length =
        switch header.fields[name] {
        case .long(let count): count
        case .list(let tokens): tokens.count
        default: tensors["token_embd.weight"]?.shape.last.map { Int(clamping: $0) } ?? 0
        }
      guard limit.contains(length) else {
        throw PricingError(
          "\(header.path): \(name)", expected: "\(limit.lowerBound) to \(limit.upperBound) tokens",
          found: length == 0 ? "none" : "\(length)")
      }
      return length
    }
  }
}

extension GGUFModel {
  /// Windows of architectures whose files do not say which layers have them, as llama.cpp sets them.
  private static let patterns = [
    "gemma2": 2, "gemma3": 6, "gpt-oss": 2, "cohere2": 4, "exaone4": 4, "olmo2": 4, "llama4": 4,
  ]

  /// A window that holds the longest context is none.
  private func windowed(layers: Int) throws -> ModelShape.Windowed? {
    guard
      let tokens = try fields.count(
        "attention.sliding_window", "attention.chunk_size", in: 0...ModelFields.Limit.window.upperBound),
      tokens > 0
    else { return nil }
    let longest = try fields.count("context_length", in: ModelFields.Limit.window)
    if let longest, tokens >= longest { return nil }
    let base = try fields.number("rope.freq_base_swa") ?? (architecture == "gemma3" ? 10_000 : nil)
    let pattern = "attention.sliding_window_pattern"
    if case .list(let kinds)? = fields.values[pattern] {
      guard kinds.count == layers else {
        throw fields.error(pattern, expected: "one for each of \(layers) layers", found: "\(kinds.count)")
      }
      let numbers = (0..<layers).filter {
        switch kinds[$0] {
        case .flag(true): true
        case .count(let kind): kind != 0
        default: false
        }
      }
      return numbers.isEmpty ? nil : .init(layers: numbers, tokens: tokens, ropeBase: base)
    }
    let every = try fields.count(pattern, in: ModelFields.Limit.layers) ?? Self.patterns[architecture]
    guard let every else { return .init(layers: Array(0..<layers), tokens: tokens, ropeBase: base) }
    return every == 1 ? nil : .allBut(every: every, of: layers, tokens: tokens, ropeBase: base)
  }
}
