import Attention

extension Trace {
  /// Reads one layer.
  ///
  /// It takes the memory of the layer's tensors and, per thread, of one piece of at most 4 MiB. Layers of a
  /// trace in the `zstd` container are read in order: going back to an earlier one starts from the beginning,
  /// and a frame's checksum is compared only once all of it has been read, so `verify` first where damage
  /// must not be found late.
  ///
  /// - Parameters:
  ///   - number: the layer's number in the model, one of `metadata.capturedLayers`.
  ///   - threads: how many threads may decompress; the `zstd` container uses one.
  ///   - old: a layer that nobody reads any more: its memory is written over, which spares the system clearing new.
  /// - Throws: `TraceError`, also for values that are not finite.
  public func layer(_ number: Int, threads: Int = 1, reusing old: LayerTensors? = nil) throws -> LayerTensors
  {
    guard metadata.capturedLayers.contains(number) else {
      throw TraceError(
        .layerNotCaptured, file: path, part: "layer \(number)",
        expected: "one of the captured layers \(metadata.capturedLayers)", found: "another",
        advice: "choose one of these or capture the trace again")
    }
    let parts = TraceLayout.LayerPart.allCases.filter { layout.info($0, layer: number) != nil }
    let infos = parts.compactMap { layout.info($0, layer: number) }
    try AlignedBuffer.checkSize(byteCount(layer: number), file: path, part: "layer \(number)")
    let jobs = try zip(parts, infos).map { part, info in
      let spare = old?.tensor(part)?.storage
      let storage = spare.flatMap { $0.bytes.count == info.byteCount ? $0 : nil }
      return ReadJob(
        info: info,
        storage: try storage ?? AlignedBuffer.allocate(info.byteCount, file: path, part: info.name))
    }
    try read(jobs, threads: threads)

    func tensor(_ part: TraceLayout.LayerPart) throws -> Tensor? {
      guard let job = jobs.first(where: { $0.info.name == part.name(layer: number) }),
        let type = ElementType(safetensors: job.info.dtype)
      else { return nil }
      return Tensor(elementType: type, shape: job.info.shape, storage: job.storage)
    }
    guard let k = try tensor(.k), let v = try tensor(.v), let q = try tensor(.q) else {
      throw TraceError(
        .missingTensor, file: path, part: "layers.\(number)", expected: "k, v and q", found: "fewer",
        advice: TraceError.captureAgain)
    }
    var scores = ScoreTensors()
    scores.token = try tensor(.tokenScore)
    scores.valueNorm = try tensor(.valueNorm)
    scores.indexKeys = try tensor(.indexKeys)
    scores.indexQueries = try tensor(.indexQueries)
    scores.indexWeights = try tensor(.indexWeights)
    return LayerTensors(
      layer: number, k: k, v: v, q: q, promptAttention: try tensor(.promptAttention),
      output: try tensor(.output), outputProjection: try tensor(.outputProjection), scores: scores)
  }

  /// Bytes of a layer's tensors as stored; 0 for a layer that the trace does not hold.
  public func byteCount(layer number: Int) -> Int {
    TraceLayout.LayerPart.allCases.reduce(0) { $0 + (layout.info($1, layer: number)?.byteCount ?? 0) }
  }

  /// Whether a layer holds the engine's own attention output.
  public func hasOutput(layer number: Int) -> Bool { layout.info(.output, layer: number) != nil }

  /// Whether a layer holds its output projection.
  public func hasOutputProjection(layer number: Int) -> Bool {
    layout.info(.outputProjection, layer: number) != nil
  }

  private struct ReadJob: Sendable {
    let info: TensorInfo
    let storage: AlignedBuffer
  }

  private func read(_ jobs: [ReadJob], threads: Int) throws {
    // In the order of the file, which a stream needs and a disk likes.
    let pieces = jobs.flatMap { job in source.pieces(of: job.info).map { (job: job, range: $0) } }
      .sorted { $0.range.lowerBound < $1.range.lowerBound }
    try PieceQueue.run(pieces, threads: source.isParallel ? threads : 1) {
      try source.makeReader()
    } work: { reader, piece in
      let buffer = piece.job.storage.slice(piece.range, of: piece.job.info)
      try reader.read(piece.range, into: buffer)
      try checkFinite(UnsafeRawBufferPointer(buffer), from: piece.range.lowerBound, in: piece.job.info)
    }
    if pieces.last?.range.upperBound == contentSize { try source.checkEnd() }
    try file.checkUnchanged()
  }

  /// - Throws: `TraceError` of kind `nonFiniteValue` that names the value's indices in the tensor.
  func checkFinite(_ bytes: UnsafeRawBufferPointer, from offset: Int, in tensor: TensorInfo) throws {
    guard let type = ElementType(safetensors: tensor.dtype), layout.known.contains(tensor.name),
      let index = FiniteCheck.firstNonFinite(bytes, type)
    else { return }
    throw TraceError(
      nonFinite: FiniteCheck.name(of: bytes, type, at: index),
      at: (offset - tensor.offset) / type.byteCount + index, of: tensor.name, shape: tensor.shape, file: path)
  }
}

extension TraceError {
  /// The error for a value that is not finite, `index` elements from its tensor's first.
  init(nonFinite value: String, at index: Int, of name: String, shape: [Int], file: String) {
    var rest = index
    var indices: [Int] = []
    for count in shape.reversed() {
      indices.insert(rest % count, at: 0)
      rest /= count
    }
    self.init(
      .nonFiniteValue, file: file, part: "\(name)\(indices)", expected: "a finite value", found: value,
      advice: Self.captureAgain)
  }
}
