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
    let header = try header(of: frame, UnsafeRawBufferPointer(source))
    // One call has no window of its own: it can write nowhere but to the buffer, whatever the frame says.
    let result = ZSTD_decompressDCtx(context, buffer.baseAddress, buffer.count, source.baseAddress, count)
    if ZSTD_isError(result) != 0 {
      throw TraceError(damagedBy: result, file: file.path, part: frame.name)
    }
    guard result == frame.content.count else {
      throw damaged(
        frame, expected: "\(frame.content.count) bytes of content, as the seek table says", "\(result)")
    }
    guard let expected = frame.checksum else { return }
    let actual =
      header.hasChecksum
      // zstd has compared the frame's own with the content.
      ? UInt32(source[(count - 4)...].littleEndian(at: 0, count: 4))
      : Self.checksum(UnsafeRawBufferPointer(buffer))
    guard actual == expected else {
      throw damaged(frame, expected: "the seek table's checksum \(expected)", "\(actual)")
    }
  }

  /// - Throws: `TraceError` unless what an entry of the table names is one ordinary frame and no more.
  private func header(of frame: SeekTable.Frame, _ stored: UnsafeRawBufferPointer) throws -> FrameHeader {
    do {
      guard let header = try FrameHeader(stored) else {
        throw damaged(frame, expected: "a whole zstd frame", "\(stored.count) bytes")
      }
      try header.checkWindow()
      let size = ZSTD_findFrameCompressedSize(stored.baseAddress, stored.count)
      if ZSTD_isError(size) != 0 { throw TraceError(damagedBy: size, file: file.path, part: frame.name) }
      guard size == stored.count else {
        throw damaged(
          frame, expected: "one frame of \(stored.count) bytes, as the seek table says", "\(size)")
      }
      return header
    } catch let flaw as FrameHeader.Flaw {
      throw damaged(frame, expected: flaw.expected, flaw.found)
    }
  }

  private static func checksum(_ content: UnsafeRawBufferPointer) -> UInt32 {
    var hash = XXHash64()
    hash.update(content)
    return hash.checksum
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
    default:
      self.init(
        .damagedFrame, file: file, part: part, expected: "a whole zstd frame",
        found: "damage that zstd calls \"\(String(cString: ZSTD_getErrorName(code)))\"",
        advice: Self.copyAgain)
    }
  }

  /// The error for a frame that wants more memory than the format allows.
  init(windowOf flaw: FrameHeader.Flaw, file: String, part: String) {
    self.init(
      .damagedFrame, file: file, part: part, expected: flaw.expected, found: flaw.found,
      advice: "compress it again with a smaller window")
  }
}
