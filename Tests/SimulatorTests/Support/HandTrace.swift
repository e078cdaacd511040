import Attention

@testable import Traces

/// A trace of small integers, so that every score is exact in any order of summation and every tie is a
/// true one.
struct HandTrace {
  var metadata: TraceMetadata
  /// The traced positions: the last of the prompt, then every decode step.
  var positions: [Int]
  /// `[layer][KV head][token][channel]`
  var keys: [[[[Float]]]]
  /// `[layer][KV head][token][channel]`
  var values: [[[[Float]]]]
  /// `[layer][query head][traced row][channel]`
  var queries: [[[[Float]]]]
  /// Output projections `[layer][row][column]`, small integers too; empty where the trace holds none.
  var projections: [[[Float]]] = []

  static let textDigest = String(repeating: "ab", count: 32)

  init(
    prompt: Int = 300, decode: Int = 10, window: Int = 8,
    geometry: Geometry = .init(layers: 2, queryHeads: 6, kvHeads: 2, headDim: 16, valueDim: 16),
    rope: TraceMetadata.Rope = .init(pairing: .half, base: 10_000, rotaryDim: 16),
    attention: TraceMetadata.Attention = .init(scale: 0.125), seed: UInt64 = 1
  ) {
    metadata = TraceMetadata(
      model: .init(name: "by hand", architecture: "none", weights: "none", sha256: ""), geometry: geometry,
      capturedLayers: Array(0..<geometry.layers), rope: rope, attention: attention,
      tokens: .init(prompt: prompt, decode: decode),
      text: .init(title: "numbers", licence: "none", kind: "synthetic", sha256: Self.textDigest),
      capture: .init(tool: "tests", engine: "none", sampling: .seeded, created: "1970-01-01T00:00:00Z"))
    let tokens = prompt + decode
    positions = Array(max(0, prompt - window)..<tokens)
    var random = SeededRandom(seed)
    func rows(_ heads: Int, _ rows: Int, _ channels: Int) -> [[[[Float]]]] {
      (0..<geometry.layers).map { _ in
        (0..<heads).map { _ in
          (0..<rows).map { _ in (0..<channels).map { _ in Float(random.below(7) - 3) } }
        }
      }
    }
    keys = rows(geometry.kvHeads, tokens, geometry.headDim)
    values = rows(geometry.kvHeads, tokens, geometry.valueDim)
    queries = rows(geometry.queryHeads, positions.count, geometry.headDim)
  }

  /// With a projection of every layer to so many channels.
  func projected(to channels: Int, seed: UInt64 = 7) -> HandTrace {
    var copy = self
    var random = SeededRandom(seed)
    let geometry = metadata.geometry
    copy.projections = (0..<geometry.layers).map { _ in
      (0..<channels).map { _ in
        (0..<geometry.queryHeads * geometry.valueDim).map { _ in Float(random.below(7) - 3) }
      }
    }
    return copy
  }

  /// Rows of the queries that are decode steps.
  var decodeRows: [Int] { positions.indices.filter { positions[$0] >= metadata.tokens.prompt } }

  /// Writes the trace and opens it.
  func trace(
    in folder: TemporaryFolder, name: String = "t.zst", element: ElementType = .f16,
    form: TraceWriter.Form = .seekableZstd()
  ) throws -> Trace {
    let path = folder.path(name)
    var metadata = metadata
    if let first = projections.first {
      metadata.outputProjection = .init(channels: first.count, layers: metadata.capturedLayers)
    }
    let writer = try TraceWriter(
      path: path, metadata: metadata, tokenIDs: (0..<Int32(metadata.tokens.total)).map { $0 },
      queryPositions: positions, elementType: element, form: form)
    for layer in metadata.capturedLayers {
      guard let k = Self.tensor(keys[layer], element), let v = Self.tensor(values[layer], element),
        let q = Self.tensor(queries[layer], element)
      else { throw NoMemory() }
      let projection = try projections.isEmpty ? nil : Self.matrix(projections[layer], element)
      try writer.write(LayerTensors(layer: layer, k: k, v: v, q: q, outputProjection: projection))
    }
    try writer.finish()
    return try Trace(path: path)
  }

  private struct NoMemory: Error {}

  private static func matrix(_ rows: [[Float]], _ element: ElementType) throws -> Tensor {
    guard let tensor = tensor([rows], element) else { throw NoMemory() }
    return Tensor(elementType: element, shape: Array(tensor.shape.dropFirst()), storage: tensor.storage)
  }

  private static func tensor(_ heads: [[[Float]]], _ element: ElementType) -> Tensor? {
    let shape = [heads.count, heads[0].count, heads[0][0].count]
    let flat = heads.joined().joined()
    return Tensor(elementType: element, shape: shape) { bytes in
      for (index, value) in flat.enumerated() {
        switch element {
        case .f16: bytes.storeBytes(of: HalfPrecision.f16(value), toByteOffset: 2 * index, as: UInt16.self)
        case .bf16: bytes.storeBytes(of: HalfPrecision.bf16(value), toByteOffset: 2 * index, as: UInt16.self)
        case .f32: bytes.storeBytes(of: value.bitPattern, toByteOffset: 4 * index, as: UInt32.self)
        }
      }
    }
  }
}
