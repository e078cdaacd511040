import CZstd

/// Decompresses whole zstd frames on one thread.
final class FrameDecoder {
  private let file: InputFile
  private let context: OpaquePointer
  /// The frame's stored bytes; grows to the largest.
  private var stored: AlignedBuffer

  init(file: InputFile) throws {
    guard let context = ZSTD_createDCtx(), let stored = AlignedBuffer(count: 64 << 10) else {
      throw TraceError(
        .tooLarge, file: file.path, expected: "memory for a zstd decoder", found: "none left",
        advice: "use fewer threads")
    }
    self.file = file
    self.context = context
    self.stored = stored
  }

  deinit { ZSTD_freeDCtx(context) }

  /// Fills `buffer`, which has the size of the frame's content, and checks the content's checksum.
  func decode(_ frame: SeekTable.Frame, into buffer: UnsafeMutableRawBufferPointer) throws {
    let count = frame.stored.count
    if stored.bytes.count < count {
      stored = try AlignedBuffer.allocate(count + count / 4, file: file.path, part: frame.name)
    }
    let source = UnsafeMutableRawBufferPointer(rebasing: stored.bytes[..<count])
    try file.read(at: frame.stored.lowerBound, into: source)
    // One call has no window of its own: it can write nowhere but to the buffer, whatever the frame says.
    let result = ZSTD_decompressDCtx(context, buffer.baseAddress, buffer.count, source.baseAddress, count)
    if ZSTD_isError(result) != 0 {
      throw TraceError(damagedBy: result, file: file.path, part: frame.name)
    }
    guard result == frame.content.count else {
      throw damaged(
        frame, expected: "\(frame.content.count) bytes of content, as the seek table says", "\(result)")
    }
    if let expected = frame.checksum, let actual = Self.storedChecksum(UnsafeRawBufferPointer(source)),
      actual != expected
    {
      throw damaged(frame, expected: "the seek table's checksum \(expected)", "\(actual)")
    }
  }

  /// The checksum that ends a frame, where its header says there is one; zstd has compared it already.
  private static func storedChecksum(_ frame: UnsafeRawBufferPointer) -> UInt32? {
    guard frame.count >= 9, frame[4] & 0x04 != 0 else { return nil }
    return UInt32(frame[(frame.count - 4)...].littleEndian(at: 0, count: 4))
  }

  private func damaged(_ frame: SeekTable.Frame, expected: String, _ found: String) -> TraceError {
    TraceError(
      .damagedFrame, file: file.path, part: frame.name, expected: expected, found: found,
      advice: TraceError.copyAgain)
  }
}

extension TraceError {
  /// The error for what zstd reported of a frame.
  init(damagedBy code: Int, file: String, part: String) {
    switch ZSTD_getErrorCode(code) {
    case ZSTD_error_checksum_wrong:
      self.init(
        .damagedFrame, file: file, part: part, expected: "content that matches the frame's checksum",
        found: "other content", advice: Self.copyAgain)
    case ZSTD_error_frameParameter_windowTooLarge:
      self.init(
        .damagedFrame, file: file, part: part, expected: "a zstd window of at most 128 MiB",
        found: "a larger one",
        advice: "compress it again without --long or --ultra")
    default:
      self.init(
        .damagedFrame, file: file, part: part, expected: "a whole zstd frame",
        found: "damage that zstd calls \"\(String(cString: ZSTD_getErrorName(code)))\"",
        advice: Self.copyAgain)
    }
  }
}
