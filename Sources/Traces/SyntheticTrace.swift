import Attention

/// Makes traces without a model: for tests, and for scale tests at lengths that nobody wants to capture.
///
///     let synthetic = SyntheticTrace(prompt: 1000, decode: 24, seed: 7)
///     try synthetic.write(to: "small.zst")
///
/// Queries and keys look like real ones where it matters for choosing tokens: a first token that every query
/// attends to, channels whose share falls with their rotation's frequency, topics that last for a few dozen
/// tokens and return, a preference for near tokens that follows from the rotation, and noise. Equal
/// parameters give equal values, whatever layers are asked for and in whatever order; sine and cosine are
/// the system's, so another system's may differ in the last bit.
public struct SyntheticTrace: Sendable {
  public let metadata: TraceMetadata
  public let elementType: ElementType
  /// The traced positions: the last tokens of the prompt, then every decode step.
  public let queryPositions: [Int]
  public let tokenIDs: [Int32]
  /// Whether layers have `promptAttention`, which takes time with the square of the prompt's length.
  public let hasPromptAttention: Bool
  /// Whether layers have `output`, attention computed in double precision from the stored values.
  public let hasOutput: Bool
  /// Whether layers have `outputProjection`, a random matrix as wide as high.
  public var hasOutputProjection: Bool { metadata.outputProjection != nil }
  let seed: UInt64

  /// - Parameters:
  ///   - prompt: prompt tokens; with `decode`, at least one.
  ///   - decode: decode steps.
  ///   - window: how many of the prompt's last positions are traced too; at most all are.
  ///   - capturedLayers: all layers of `geometry` unless given.
  ///   - windowed: layers of `geometry` that see the latest tokens alone, with a base of their own where it has one.
  public init(
    prompt: Int, decode: Int, window: Int = 16,
    geometry: Geometry = .init(layers: 2, queryHeads: 6, kvHeads: 2, headDim: 32, valueDim: 32),
    capturedLayers: [Int]? = nil, pairing: RopePairing = .half, ropeBase: Double = 10_000,
    windowed: ModelShape.Windowed? = nil, elementType: ElementType = .f16,
    hasPromptAttention: Bool = false, hasOutput: Bool = false, hasOutputProjection: Bool = false,
    hasScores: Bool = false, seed: UInt64 = 1
  ) {
    let layers = capturedLayers ?? Array(0..<geometry.layers)
    func ofWindowed<Value>(_ value: Value?) -> PerLayer<Value>? {
      guard let value, let numbers = windowed?.layers else { return nil }
      return .list((0..<geometry.layers).map { numbers.contains($0) ? value : nil })
    }
    metadata = TraceMetadata(
      model: .init(name: "synthetic", architecture: "none", weights: "none", sha256: ""), geometry: geometry,
      capturedLayers: layers,
      rope: .init(
        pairing: pairing, base: ropeBase, rotaryDim: geometry.headDim / 2 * 2,
        layerBases: ofWindowed(windowed?.ropeBase)),
      attention: .init(
        scale: 1 / Double(geometry.headDim).squareRoot(), layerWindows: ofWindowed(windowed?.tokens)),
      tokens: .init(prompt: prompt, decode: decode),
      text: .init(title: "none", licence: "none", kind: "synthetic", sha256: ""),
      capture: .init(
        tool: "fasa-sim", engine: "SyntheticTrace, seed \(seed)", sampling: .seeded,
        created: "1970-01-01T00:00:00Z"),
      outputProjection: hasOutputProjection
        ? .init(channels: geometry.queryHeads * geometry.valueDim, layers: layers) : nil,
      scores: hasScores ? Self.scores(of: geometry, layers: layers) : nil)
    self.elementType = elementType
    self.hasPromptAttention = hasPromptAttention
    self.hasOutput = hasOutput
    self.seed = seed
    let total = max(0, prompt + decode)
    queryPositions = Array(min(total, max(0, prompt - window))..<total)
    tokenIDs = (0..<total).map { position in
      var random = CounterRandom(seed: seed, stream: [0, position])
      return Int32(random.next() % 50_000)
    }
  }

  /// Writes the trace, holding one layer at a time.
  ///
  /// - Parameter progress: called with layers done and layers in all.
  /// - Throws: `TraceError`, also where the parameters do not make a trace.
  public func write(
    to path: String, form: TraceWriter.Form = .seekableZstd(), threads: Int = 1,
    progress: ((Int, Int) -> Void)? = nil
  ) throws {
    let writer = try TraceWriter(
      path: path, metadata: metadata, tokenIDs: tokenIDs, queryPositions: queryPositions,
      elementType: elementType, hasPromptAttention: hasPromptAttention, hasOutput: hasOutput, form: form)
    for (done, number) in metadata.capturedLayers.enumerated() {
      guard let layer = layer(number, threads: threads) else {
        throw TraceError(
          .tooLarge, file: path, part: "layer \(number)", expected: "a layer that fits this machine's memory",
          found: "a larger one", advice: "make fewer tokens")
      }
      try writer.write(layer)
      progress?(done + 1, metadata.capturedLayers.count)
    }
    try writer.finish()
  }

  /// One layer's tensors, or nil where this machine cannot hold them.
  public func layer(_ number: Int, threads: Int = 1) -> LayerTensors? {
    let geometry = metadata.geometry
    let model = SyntheticLayer(metadata: metadata, layer: number, seed: seed)
    let positions = Array(0..<metadata.tokens.total)
    func tensor(_ heads: Int, _ positions: [Int], _ channels: Int, _ row: @escaping SyntheticTensor.Row)
      -> Tensor?
    {
      SyntheticTensor(elementType: elementType, heads: heads, positions: positions, channels: channels)
        .filled(threads: threads, rotation: model.rotation, row)
    }
    guard let keys = tensor(geometry.kvHeads, positions, geometry.headDim, model.key),
      let values = tensor(geometry.kvHeads, positions, geometry.valueDim, model.value),
      let queries = tensor(geometry.queryHeads, queryPositions, geometry.headDim, model.query)
    else { return nil }

    var promptAttention: Tensor?
    var output: Tensor?
    if hasOutput {
      let attention = ReferenceAttention(metadata: metadata, keys: keys, values: values)
      let heads = queries.floatValues().chunks(of: geometry.headDim)
      let rows = heads.enumerated().map { index, query in
        attention.output(
          query, head: index / queryPositions.count, position: queryPositions[index % queryPositions.count])
      }
      output = Self.float32([geometry.queryHeads, queryPositions.count, geometry.valueDim], rows.joined())
    }
    if hasPromptAttention {
      let attention = ReferenceAttention(metadata: metadata, keys: keys, values: values)
      let rows = (0..<geometry.queryHeads).map { head in
        attention.promptMass(head: head) { position in
          var query = Array(repeating: Float(0), count: geometry.headDim)
          query.withUnsafeMutableBufferPointer {
            model.query(head: head, model.rotation(at: position), into: $0)
          }
          return query
        }
      }
      promptAttention = Self.float32([geometry.queryHeads, metadata.tokens.prompt], rows.joined())
    }
    var projection: Tensor?
    if let channels = metadata.outputProjection?.channels {
      // A row a "position": one thread makes many at a time.
      let columns = geometry.queryHeads * geometry.valueDim
      guard let made = tensor(1, Array(0..<channels), columns, model.projection) else { return nil }
      projection = Tensor(elementType: elementType, shape: [channels, columns], storage: made.storage)
    }
    return LayerTensors(
      layer: number, k: keys, v: values, q: queries, promptAttention: promptAttention, output: output,
      outputProjection: projection, scores: scores(keys: keys, values: values, queries: queries))
  }

  static func float32(_ shape: [Int], _ values: some Sequence<Double>) -> Tensor? {
    Tensor(elementType: .f32, shape: shape) {
      $0.store(values.lazy.map { Float($0).bitPattern.littleEndian })
    }
  }
}

extension [Float] {
  fileprivate func chunks(of count: Int) -> [[Float]] {
    stride(from: 0, to: self.count, by: count).map { Array(self[$0..<$0 + count]) }
  }
}
