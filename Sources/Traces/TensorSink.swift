import CZstd

/// Where a writer puts the uncompressed file's bytes, in order.
protocol TensorSink: AnyObject {
  /// Writes a whole tensor, or the header.
  func write(_ bytes: UnsafeRawBufferPointer) throws
  /// Writes what follows the last tensor.
  func finish() throws
}

/// A bare safetensors file.
final class PlainSink: TensorSink {
  private let file: OutputFile

  init(file: OutputFile) { self.file = file }

  func write(_ bytes: UnsafeRawBufferPointer) throws { try file.write(bytes) }

  func finish() {}
}

/// Seekable zstd: frames of at most `pieceSize`, none across tensors, then their table.
final class SeekableSink: TensorSink {
  private let file: OutputFile
  private let context: OpaquePointer
  private let compressed: AlignedBuffer
  private var entries: [UInt8] = []
  private var frameCount: UInt32 = 0
  private var isHeader = true

  /// - Parameter headerSize: bytes of the header, which is one frame whatever its size.
  init(file: OutputFile, level: Int, headerSize: Int) throws {
    let capacity = ZSTD_compressBound(max(pieceSize, headerSize))
    guard let context = ZSTD_createCCtx(), let compressed = AlignedBuffer(count: capacity) else {
      throw Self.error(file.path, "memory for a zstd encoder", "none left")
    }
    self.file = file
    self.context = context
    self.compressed = compressed
    let limits = ZSTD_cParam_getBounds(ZSTD_c_compressionLevel)
    guard (Int(limits.lowerBound)...Int(limits.upperBound)).contains(level) else {
      throw Self.error(
        file.path, "a compression level from \(limits.lowerBound) to \(limits.upperBound)", "\(level)")
    }
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Int32(level))
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  }

  deinit { ZSTD_freeCCtx(context) }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    let limit = isHeader ? bytes.count : pieceSize
    isHeader = false
    for start in stride(from: 0, to: bytes.count, by: max(limit, 1)) {
      try writeFrame(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + limit, bytes.count)]))
    }
  }

  func finish() throws {
    let size = UInt32(entries.count + SeekTable.footerSize)
    try file.write(SeekTable.skippableMagic.littleEndianBytes + size.littleEndianBytes)
    try file.write(entries)
    // The frames have checksums of their own, so the table has none.
    try file.write(frameCount.littleEndianBytes + [0] + SeekTable.footerMagic.littleEndianBytes)
  }

  private func writeFrame(_ content: UnsafeRawBufferPointer) throws {
    let count = ZSTD_compress2(
      context, compressed.bytes.baseAddress, compressed.bytes.count, content.baseAddress, content.count)
    guard ZSTD_isError(count) == 0 else {
      throw Self.error(file.path, "zstd to compress a tensor", String(cString: ZSTD_getErrorName(count)))
    }
    try file.write(UnsafeRawBufferPointer(rebasing: compressed.bytes[..<count]))
    entries += UInt32(count).littleEndianBytes + UInt32(content.count).littleEndianBytes
    frameCount += 1
  }

  private static func error(_ path: String, _ expected: String, _ found: String) -> TraceError {
    TraceError(.cannotWrite, file: path, expected: expected, found: found)
  }
}
