import Attention

/// A tensor in memory: little-endian values in C order, the first of them 64-byte aligned.
public final class Tensor: Sendable {
  public let elementType: ElementType
  /// Counts, outermost first.
  public let shape: [Int]
  let storage: AlignedBuffer

  init(elementType: ElementType, shape: [Int], storage: AlignedBuffer) {
    self.elementType = elementType
    self.shape = shape
    self.storage = storage
  }

  /// A tensor of zeros that `fill` then writes.
  ///
  /// - Returns: nil where a count is negative, or the bytes are too many for this machine.
  public convenience init?(
    elementType: ElementType, shape: [Int], fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows {
    guard let count = Self.byteCount(shape: shape, elementSize: elementType.byteCount),
      let storage = AlignedBuffer(count: count)
    else { return nil }
    storage.bytes.initializeMemory(as: UInt8.self, repeating: 0)
    try fill(storage.bytes)
    self.init(elementType: elementType, shape: shape, storage: storage)
  }

  public var byteCount: Int { storage.bytes.count }

  /// Calls `body` with the values' bytes; the pointer is not valid after it returns.
  public func withUnsafeBytes<Result>(
    _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(storage) { try body(UnsafeRawBufferPointer(storage.bytes)) }
  }

  /// The values, widened; for small tensors and tests, since it copies.
  public func floatValues() -> [Float] { floatValues(0..<shape.reduce(1, *)) }

  /// The same of some of them, counted from the first.
  public func floatValues(_ elements: Range<Int>) -> [Float] {
    withUnsafeBytes { whole in
      let width = elementType.byteCount
      let bytes = UnsafeRawBufferPointer(
        rebasing: whole[elements.lowerBound * width..<elements.upperBound * width])
      return switch elementType {
      case .f32: bytes.bindMemory(to: UInt32.self).map { Float(bitPattern: UInt32(littleEndian: $0)) }
      case .bf16:
        bytes.bindMemory(to: UInt16.self).map { HalfPrecision.float(bf16: UInt16(littleEndian: $0)) }
      case .f16: bytes.bindMemory(to: UInt16.self).map { HalfPrecision.float(f16: UInt16(littleEndian: $0)) }
      }
    }
  }

  /// Bytes of a tensor, or nil where a count is negative or the product overflows.
  static func byteCount(shape: [Int], elementSize: Int) -> Int? {
    // A zero anywhere makes the tensor empty, however large the other counts.
    if shape.contains(where: { $0 < 0 }) { return nil }
    if shape.contains(0) { return 0 }
    var product = elementSize
    for count in shape {
      let (next, overflow) = product.multipliedReportingOverflow(by: count)
      if overflow { return nil }
      product = next
    }
    return product
  }
}

/// One layer of a trace. Hq query heads, Hkv KV heads, T tokens, S traced queries, P prompt tokens.
public struct LayerTensors: Sendable {
  /// The layer's number in the model.
  public let layer: Int
  /// Post-RoPE keys, `[Hkv, T, headDim]`.
  public let k: Tensor
  /// Values, `[Hkv, T, valueDim]`, of the keys' element type.
  public let v: Tensor
  /// Post-RoPE, unscaled queries of the traced positions, `[Hq, S, headDim]`, of the keys' element type.
  public let q: Tensor
  /// Attention mass that each prompt token got from all prompt queries, F32 `[Hq, P]`, where captured.
  public let promptAttention: Tensor?
  /// The engine's own attention output at the traced positions, F32 `[Hq, S, valueDim]`, where captured.
  public let output: Tensor?
  /// What takes the query heads' outputs to what the layer adds to the model's stream, of the keys' element type,
  /// `[channels, Hq × valueDim]`, where captured.
  public let outputProjection: Tensor?
  /// Scores from elsewhere, where captured.
  public let scores: ScoreTensors

  public init(
    layer: Int, k: Tensor, v: Tensor, q: Tensor, promptAttention: Tensor? = nil, output: Tensor? = nil,
    outputProjection: Tensor? = nil, scores: ScoreTensors = ScoreTensors()
  ) {
    self.layer = layer
    self.k = k
    self.v = v
    self.q = q
    self.promptAttention = promptAttention
    self.output = output
    self.outputProjection = outputProjection
    self.scores = scores
  }

  func tensor(_ part: TraceLayout.LayerPart) -> Tensor? {
    switch part {
    case .k: k
    case .v: v
    case .q: q
    case .promptAttention: promptAttention
    case .output: output
    case .outputProjection: outputProjection
    case .tokenScore: scores.token
    case .valueNorm: scores.valueNorm
    case .indexKeys: scores.indexKeys
    case .indexQueries: scores.indexQueries
    case .indexWeights: scores.indexWeights
    }
  }
}

/// A layer's scores that are not made of its queries, keys and values; Hi heads and di channels of an indexer.
public struct ScoreTensors: Sendable {
  /// What each token is worth to each KV head, F32 `[Hkv, T]`.
  public var token: Tensor?
  /// L1 norms of values behind a query head's part of the output projection, F32 `[Hq, T]`.
  public var valueNorm: Tensor?
  /// Of the keys' element type, `[T, di]`.
  public var indexKeys: Tensor?
  /// Of the keys' element type, `[Hi, S, di]`.
  public var indexQueries: Tensor?
  /// Of each index head, F32 `[Hi, S]`.
  public var indexWeights: Tensor?

  public init() {}
}
