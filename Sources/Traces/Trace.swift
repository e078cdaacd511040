import Attention
import Foundation

/// A trace on disk: what one real run of a model did, read a layer at a time.
///
///     let trace = try Trace(path: "traces/prose.zst")
///     let layer = try trace.layer(14, threads: 2)
///     layer.k.withUnsafeBytes { keys in … }   // [Hkv, T, headDim]
///
/// Opening reads the header and the two small tensors; memory is bounded by the layers in flight. A trace may
/// be read from many threads at once.
public struct Trace: Sendable {
  public let metadata: TraceMetadata
  /// The metadata as stored, with keys that `TraceMetadata` does not know.
  public let metadataJSON: String
  /// The T tokens, prompt and decode steps.
  public let tokenIDs: [Int32]
  /// The S traced positions, ascending. A query at position p attends to tokens 0...p.
  public let queryPositions: [Int]
  public let container: TraceContainer
  /// Bytes on disk.
  public let fileSize: Int
  /// Bytes of the uncompressed safetensors file.
  public let contentSize: Int
  /// Every tensor, `extra.*` included, in the order of the file.
  public let tensors: [TensorInfo]
  public let path: String
  /// What the file's digest must be, where the trace was asked for by it; ``digest()`` holds the file against it.
  public var expectedDigest: String?

  let layout: TraceLayout
  let source: any ByteSource
  let file: InputFile
  private let knownDigest = KnownDigest()

  /// Opens a trace of any container and checks all but the layers' values.
  ///
  /// - Throws: `TraceError`.
  public init(path: String) throws {
    let file = try InputFile(path: path)
    let opened = try OpenedContainer(file: file)
    guard let json = opened.header.metadata[TraceMetadata.key] else {
      throw TraceError(
        .missingMetadata, file: path, part: "__metadata__", expected: "the key \(TraceMetadata.key)",
        found: "none", advice: "give a trace, not another safetensors file")
    }
    let metadata = try TraceMetadata(json: json, file: path)
    let layout = try TraceLayout(metadata: metadata, header: opened.header, file: path)
    let reader = try opened.source.makeReader()
    func integers(_ name: String) throws -> [Int32] {
      guard let tensor = layout.tensors[name] else { return [] }
      let buffer = try AlignedBuffer.allocate(tensor.byteCount, file: path, part: name)
      for piece in opened.source.pieces(of: tensor) {
        try reader.read(piece, into: buffer.slice(piece, of: tensor))
      }
      return buffer.bytes.bindMemory(to: Int32.self).map(Int32.init(littleEndian:))
    }
    tokenIDs = try integers(TraceLayout.tokenIDs)
    queryPositions = try integers(TraceLayout.queryPositions).map(Int.init)
    try TraceLayout.check(positions: queryPositions, tokens: metadata.tokens.total, file: path)
    try file.checkUnchanged()

    self.path = path
    self.file = file
    self.metadata = metadata
    self.layout = layout
    metadataJSON = json
    container = opened.container
    source = opened.source
    fileSize = file.size
    contentSize = opened.header.contentSize
    tensors = opened.header.tensors.map { tensor in
      var tensor = tensor
      if opened.container == .seekableZstd { tensor.frames = opened.source.pieces(of: tensor).count }
      return tensor
    }
  }

  /// SHA-256 of the file as stored, in lower-case hexadecimal: what `sha256sum` prints.
  ///
  /// What has been read of the trace and what will be is what it is the digest of: a file that is written meanwhile
  /// is an error, here or where it is read.
  ///
  /// - Throws: `TraceError`, of kind `otherDigest` where it is not ``expectedDigest``.
  /// - Complexity: reads the whole file, a mebibyte at a time, but for a file that was read so before and is unchanged.
  public func digest() throws -> String {
    let found = try knownDigest.hex ?? hash()
    try file.checkUnchanged()
    if let expectedDigest, found != expectedDigest {
      throw TraceError(
        .otherDigest, file: path, expected: "the trace of SHA-256 \(expectedDigest)",
        found: "that of \(found)",
        advice: TraceError.copyAgain)
    }
    knownDigest.hex = found
    return found
  }

  private func hash() throws -> String {
    let hash = SHA256Digest()
    let buffer = try AlignedBuffer.allocate(1 << 20, file: path, part: "digest")
    var position = 0
    while position < file.size {
      let part = UnsafeMutableRawBufferPointer(
        rebasing: buffer.bytes[..<min(buffer.bytes.count, file.size - position)])
      try file.read(at: position, into: part)
      hash.update(UnsafeRawBufferPointer(part))
      position += part.count
    }
    return hash.hex
  }

  /// The digest that the trace was asked for by, without a look at the file; else ``digest()``.
  public func claimedDigest() throws -> String { try expectedDigest ?? digest() }
}

extension AlignedBuffer {
  /// Where a piece of `tensor` goes in a buffer that holds all of it.
  func slice(_ piece: Range<Int>, of tensor: TensorInfo) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(
      rebasing: bytes[piece.lowerBound - tensor.offset..<piece.upperBound - tensor.offset])
  }
}
