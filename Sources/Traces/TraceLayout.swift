import Attention

/// The tensors that a trace's metadata asks for, and the check that a header has just those.
struct TraceLayout: Sendable {
  static let tokenIDs = "token_ids"
  static let queryPositions = "query_positions"
  /// Names that begin so are anybody's.
  static let extraPrefix = "extra."

  /// The tensors a layer may have, as the format names them.
  enum LayerPart: String, CaseIterable {
    case k, v, q
    case promptAttention = "prompt_attention"
    case output = "o"
    case outputProjection = "output_projection"
    case tokenScore = "token_score"
    case valueNorm = "value_norm"
    case indexKeys = "index_k"
    case indexQueries = "index_q"
    case indexWeights = "index_w"

    /// A later part is named as one that is anybody's, so that readers which do not know it read the others.
    func name(layer: Int) -> String {
      let name = "layers.\(layer).\(rawValue)"
      return isAnnounced ? extraPrefix + name : name
    }

    /// Whether the metadata says which layers have it.
    private var isAnnounced: Bool {
      switch self {
      case .k, .v, .q, .promptAttention, .output: false
      case .outputProjection, .tokenScore, .valueNorm, .indexKeys, .indexQueries, .indexWeights: true
      }
    }

    /// Whether a layer must have it, may have it (nil), or has none whatever a tensor is named.
    func isHeld(layer: Int, _ announced: AnnouncedParts) -> Bool? {
      switch self {
      case .k, .v, .q: true
      case .promptAttention, .output: nil
      default: announced.layers[self]?.contains(layer) ?? false
      }
    }

    /// Its element type in a layer whose keys have `keys`.
    func elementType(keys: ElementType) -> ElementType {
      switch self {
      case .k, .v, .q, .outputProjection, .indexKeys, .indexQueries: keys
      case .promptAttention, .output, .tokenScore, .valueNorm, .indexWeights: .f32
      }
    }
  }

  /// What the metadata announces beyond the format's first tensors, and of which layers.
  struct AnnouncedParts: Sendable {
    let layers: [LayerPart: Set<Int>]

    init(_ metadata: TraceMetadata) {
      let scores = metadata.scores
      let index = Set(scores?.index?.layers ?? [])
      layers = [
        .outputProjection: metadata.projectedLayers, .tokenScore: Set(scores?.token?.layers ?? []),
        .valueNorm: Set(scores?.valueNorm?.layers ?? []), .indexKeys: index, .indexQueries: index,
        .indexWeights: scores?.index?.isWeighted == true ? index : [],
      ]
    }
  }

  let metadata: TraceMetadata
  let tensors: [String: TensorInfo]
  /// S, the traced queries.
  let queryCount: Int
  /// Names of the tensors that the format knows: the others are anybody's.
  let known: Set<String>

  /// - Throws: `TraceError` that names the tensor which is missing, unknown or contradicts the geometry.
  init(metadata: TraceMetadata, header: SafetensorsHeader, file: String) throws {
    self.metadata = metadata
    tensors = Dictionary(uniqueKeysWithValues: header.tensors.map { ($0.name, $0) })

    let positions = try Self.required(Self.queryPositions, in: tensors, file: file)
    guard positions.shape.count == 1 else {
      throw Self.wrongShape(positions, expected: "[S], one position per traced query", file: file)
    }
    queryCount = positions.shape[0]
    // Held against the tokens before anything is read: they may be more than there is memory for.
    guard queryCount <= metadata.tokens.total else {
      throw Self.wrongShape(
        positions, expected: "[S], with at most \(metadata.tokens.total) positions, one per token", file: file
      )
    }
    try Self.check(positions, types: ["I32"], shape: [queryCount], file: file)
    let tokens = try Self.required(Self.tokenIDs, in: tensors, file: file)
    try Self.check(tokens, types: ["I32"], shape: [metadata.tokens.total], file: file)

    var known: Set = [Self.queryPositions, Self.tokenIDs]
    let announced = AnnouncedParts(metadata)
    for layer in metadata.capturedLayers {
      let keys = try Self.required(LayerPart.k.name(layer: layer), in: tensors, file: file)
      for part in LayerPart.allCases {
        let name = part.name(layer: layer)
        let isHeld = part.isHeld(layer: layer, announced)
        guard isHeld != false,
          let tensor = isHeld == true ? try Self.required(name, in: tensors, file: file) : tensors[name]
        else { continue }
        known.insert(name)
        // The keys come first: what other parts are of follows from theirs, which is then known.
        let own = ElementType(safetensors: keys.dtype).map { part.elementType(keys: $0).safetensors }
        let types = part == .k ? ElementType.allCases.map(\.safetensors) : [own ?? keys.dtype]
        try Self.check(
          tensor, types: types, shape: Self.shape(of: part, metadata, queries: queryCount), file: file)
      }
    }
    self.known = known
    for tensor in header.tensors
    where !known.contains(tensor.name) && !tensor.name.hasPrefix(Self.extraPrefix) {
      throw TraceError(
        .unexpectedTensor, file: file, part: tensor.name,
        expected: "only tensors of format version 1 and of the captured layers",
        found: "this one", advice: "give other tensors names that begin with \(Self.extraPrefix)")
    }
  }

  func info(_ part: LayerPart, layer: Int) -> TensorInfo? {
    let name = part.name(layer: layer)
    return known.contains(name) ? tensors[name] : nil
  }

  static func shape(of part: LayerPart, _ metadata: TraceMetadata, queries: Int) -> [Int] {
    let geometry = metadata.geometry
    let tokens = metadata.tokens.total
    let (indexHeads, indexChannels) = metadata.scores?.index.map { ($0.heads, $0.channels) } ?? (0, 0)
    return switch part {
    case .k: [geometry.kvHeads, tokens, geometry.headDim]
    case .v: [geometry.kvHeads, tokens, geometry.valueDim]
    case .q: [geometry.queryHeads, queries, geometry.headDim]
    case .promptAttention: [geometry.queryHeads, metadata.tokens.prompt]
    case .output: [geometry.queryHeads, queries, geometry.valueDim]
    case .outputProjection:
      [metadata.outputProjection?.channels ?? 0, geometry.queryHeads * geometry.valueDim]
    case .tokenScore: [geometry.kvHeads, tokens]
    case .valueNorm: [geometry.queryHeads, tokens]
    case .indexKeys: [tokens, indexChannels]
    case .indexQueries: [indexHeads, queries, indexChannels]
    case .indexWeights: [indexHeads, queries]
    }
  }

  /// - Throws: `TraceError` of kind `wrongPositions` unless `positions` ascend strictly within the T tokens.
  static func check(positions: [Int], tokens: Int, file: String) throws {
    var previous = -1
    for (index, position) in positions.enumerated() {
      guard position > previous, position < tokens else {
        throw TraceError(
          .wrongPositions, file: file, part: "\(queryPositions)[\(index)]",
          expected: "positions that ascend strictly from 0 to at most \(tokens - 1)",
          found: index == 0 ? "\(position)" : "\(position) after \(previous)", advice: TraceError.captureAgain
        )
      }
      previous = position
    }
  }

  private static func required(
    _ name: String, in tensors: [String: TensorInfo], file: String
  ) throws -> TensorInfo {
    if let tensor = tensors[name] { return tensor }
    throw TraceError(
      .missingTensor, file: file, part: name, expected: "this required tensor", found: "none",
      advice: TraceError.captureAgain)
  }

  private static func check(_ tensor: TensorInfo, types: [String], shape: [Int], file: String) throws {
    guard types.contains(tensor.dtype) else {
      throw TraceError(
        .wrongElementType, file: file, part: tensor.name,
        expected: "dtype " + types.joined(separator: ", "), found: tensor.dtype,
        advice: TraceError.captureAgain)
    }
    guard tensor.shape == shape else { throw wrongShape(tensor, expected: "\(shape)", file: file) }
  }

  private static func wrongShape(_ tensor: TensorInfo, expected: String, file: String) -> TraceError {
    TraceError(
      .wrongShape, file: file, part: tensor.name, expected: "shape \(expected)", found: "\(tensor.shape)",
      advice: TraceError.captureAgain)
  }
}
