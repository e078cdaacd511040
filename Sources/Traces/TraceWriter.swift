import Attention

/// Writes a trace, a layer at a time, so that no more than one need be in memory.
///
///     let writer = try TraceWriter(
///       path: "run.zst", metadata: metadata, tokenIDs: ids, queryPositions: positions)
///     for number in metadata.capturedLayers { try writer.write(captured(number)) }
///     try writer.finish()
///
/// The file appears under its name when `finish` returns; until then, and after any failure, there is at most
/// a temporary file beside it, which goes with the writer.
public final class TraceWriter {
  /// How the trace is stored.
  public enum Form: Sendable, Equatable {
    /// - Parameter level: zstd's; above 3 keys and values hardly get smaller.
    case seekableZstd(level: Int = 3)
    case safetensors
  }

  private let metadata: TraceMetadata
  private let queryCount: Int
  private let elementType: ElementType
  /// Of every layer.
  private let optionalParts: Set<TraceLayout.LayerPart>
  private let announced: TraceLayout.AnnouncedParts
  private let file: OutputFile
  private let sink: any TensorSink
  private var layersWritten = 0

  /// Begins a trace and writes its header and small tensors.
  ///
  /// Layers that `metadata.outputProjection` and `metadata.scores` name have those tensors.
  ///
  /// - Parameters:
  ///   - tokenIDs: the T tokens.
  ///   - queryPositions: the S traced positions, strictly ascending.
  ///   - elementType: of keys, values and queries.
  ///   - hasPromptAttention: whether every layer has `promptAttention`.
  ///   - hasOutput: whether every layer has `output`.
  /// - Throws: `TraceError`.
  public init(
    path: String, metadata: TraceMetadata, tokenIDs: [Int32], queryPositions: [Int],
    elementType: ElementType = .f16, hasPromptAttention: Bool = false, hasOutput: Bool = false,
    form: Form = .seekableZstd()
  ) throws {
    guard metadata.version == TraceMetadata.currentVersion else {
      throw TraceError(
        .unknownVersion, file: path, part: "\(TraceMetadata.key).version",
        expected: "\(TraceMetadata.currentVersion)", found: "\(metadata.version)")
    }
    try metadata.check(file: path)
    guard tokenIDs.count == metadata.tokens.total else {
      throw TraceError(
        .wrongShape, file: path, part: TraceLayout.tokenIDs, expected: "shape \([metadata.tokens.total])",
        found: "\([tokenIDs.count])")
    }
    try TraceLayout.check(positions: queryPositions, tokens: metadata.tokens.total, file: path)
    self.metadata = metadata
    self.elementType = elementType
    queryCount = queryPositions.count
    var optionalParts: Set<TraceLayout.LayerPart> = []
    if hasPromptAttention { optionalParts.insert(.promptAttention) }
    if hasOutput { optionalParts.insert(.output) }
    self.optionalParts = optionalParts
    let announced = TraceLayout.AnnouncedParts(metadata)
    self.announced = announced

    let header = try HeaderText.bytes(
      metadata: metadata, queries: queryPositions.count, elementType: elementType, file: path
    ) { layer in
      TraceLayout.LayerPart.allCases.filter {
        $0.isHeld(layer: layer, announced) ?? optionalParts.contains($0)
      }
    }
    file = try OutputFile(path: path)
    sink =
      switch form {
      case .safetensors: PlainSink(file: file)
      case .seekableZstd(let level): try SeekableSink(file: file, level: level, headerSize: header.count)
      }
    try header.withUnsafeBytes { try sink.write($0) }
    try tokenIDs.map(\.littleEndian).withUnsafeBytes { try sink.write($0) }
    try queryPositions.map { Int32($0).littleEndian }.withUnsafeBytes { try sink.write($0) }
  }

  /// Writes the next layer, in the order of `metadata.capturedLayers`.
  ///
  /// - Throws: `TraceError`, also for values that are not finite; the trace cannot then be finished.
  public func write(_ layer: LayerTensors) throws {
    do {
      try append(layer)
    } catch {
      cancel()
      throw error
    }
  }

  /// Completes the file and gives it its name, replacing a file that had it.
  public func finish() throws {
    guard layersWritten == metadata.capturedLayers.count else {
      cancel()
      throw TraceError(
        .missingTensor, file: file.path, part: "layers",
        expected: "all \(metadata.capturedLayers.count) captured layers", found: "\(layersWritten)")
    }
    do { try sink.finish() } catch {
      cancel()
      throw error
    }
    try file.publish()
  }

  /// Removes what was written.
  public func cancel() { file.discard() }

  private func append(_ layer: LayerTensors) throws {
    guard layersWritten < metadata.capturedLayers.count, metadata.capturedLayers[layersWritten] == layer.layer
    else {
      let next = metadata.capturedLayers.dropFirst(layersWritten).first
      throw TraceError(
        .layerNotCaptured, file: file.path, part: "layer \(layer.layer)",
        expected: next.map { "layer \($0) next" } ?? "no more layers", found: "this one")
    }
    for part in TraceLayout.LayerPart.allCases {
      let name = part.name(layer: layer.layer)
      let tensor = layer.tensor(part)
      let isHeld = part.isHeld(layer: layer.layer, announced) ?? optionalParts.contains(part)
      guard (tensor != nil) == isHeld else {
        throw TraceError(
          tensor == nil ? .missingTensor : .unexpectedTensor, file: file.path, part: name,
          expected: isHeld ? "this tensor" : "no such tensor",
          found: tensor == nil ? "none" : "one")
      }
      if let tensor { try append(tensor, part, name) }
    }
    layersWritten += 1
  }

  private func append(_ tensor: Tensor, _ part: TraceLayout.LayerPart, _ name: String) throws {
    let type = part.elementType(keys: elementType)
    let shape = TraceLayout.shape(of: part, metadata, queries: queryCount)
    guard tensor.elementType == type else {
      throw TraceError(
        .wrongElementType, file: file.path, part: name, expected: "dtype \(type.safetensors)",
        found: tensor.elementType.safetensors)
    }
    guard tensor.shape == shape else {
      throw TraceError(
        .wrongShape, file: file.path, part: name, expected: "shape \(shape)", found: "\(tensor.shape)")
    }
    try tensor.withUnsafeBytes { bytes in
      if let index = FiniteCheck.firstNonFinite(bytes, type) {
        throw TraceError(
          nonFinite: FiniteCheck.name(of: bytes, type, at: index), at: index, of: name, shape: shape,
          file: file.path)
      }
      try sink.write(bytes)
    }
  }
}
