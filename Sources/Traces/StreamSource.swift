import CZstd
import Foundation

/// A zstd stream without a usable seek table: one or many frames, read in order.
///
/// Reading forward decompresses what lies between and drops it; reading backward starts again.
final class StreamSource: ByteSource, ByteReader, @unchecked Sendable {
  // Unchecked: everything that changes is used under the lock only.
  private let lock = NSLock()
  private let file: InputFile
  private let context: OpaquePointer
  private let input: AlignedBuffer
  private let dropped: AlignedBuffer
  private let table: SeekTable?
  private var checksums: PassingChecksums
  private var inputRange = 0..<0
  private var filePosition = 0
  private var contentPosition = 0
  private var isAtFrameEnd = false

  /// - Parameter table: the stream's seek table, where it has one whose frames cannot be read alone.
  init(file: InputFile, table: SeekTable? = nil) throws {
    guard let context = ZSTD_createDCtx(), let input = AlignedBuffer(count: ZSTD_DStreamInSize()),
      let dropped = AlignedBuffer(count: ZSTD_DStreamOutSize())
    else {
      throw TraceError(
        .tooLarge, file: file.path, expected: "memory for a zstd decoder", found: "none left",
        advice: "use a machine with more memory")
    }
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, Int32(FrameHeader.windowLimit.trailingZeroBitCount))
    self.file = file
    self.table = table
    checksums = PassingChecksums(table)
    self.context = context
    self.input = input
    self.dropped = dropped
  }

  deinit { ZSTD_freeDCtx(context) }

  let isParallel = false

  func pieces(of tensor: TensorInfo) -> [Range<Int>] { evenPieces(of: tensor.range) }

  func makeReader() -> any ByteReader { self }

  func read(_ piece: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
    try lock.withLock {
      if piece.lowerBound < contentPosition { restart() }
      while contentPosition < piece.lowerBound {
        let count = min(dropped.bytes.count, piece.lowerBound - contentPosition)
        try fill(UnsafeMutableRawBufferPointer(rebasing: dropped.bytes[..<count]))
      }
      try fill(buffer)
    }
  }

  /// Reads on to the end of the stream, which must hold no more content, and so checks the last checksum.
  func checkEnd() throws {
    try lock.withLock {
      let extra = try decompress(UnsafeMutableRawBufferPointer(rebasing: dropped.bytes[..<1]))
      guard extra == 0 else {
        throw TraceError(
          .wrongOffsets, file: file.path,
          expected: "\(contentPosition - extra) bytes of content, up to the last tensor",
          found: "more", advice: TraceError.captureAgain)
      }
      guard isAtFrameEnd else { throw truncated() }
    }
  }

  private func restart() {
    ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
    inputRange = 0..<0
    filePosition = 0
    contentPosition = 0
    isAtFrameEnd = false
    checksums = PassingChecksums(table)
  }

  private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws {
    guard try decompress(buffer) == buffer.count else { throw truncated() }
  }

  /// Decompresses until `buffer` is full or the stream ends; returns the bytes written.
  private func decompress(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var output = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
    while output.pos < output.size {
      if inputRange.isEmpty {
        let count = min(input.bytes.count, file.size - filePosition)
        try file.read(at: filePosition, into: UnsafeMutableRawBufferPointer(rebasing: input.bytes[..<count]))
        filePosition += count
        inputRange = 0..<count
      }
      if inputRange.isEmpty, isAtFrameEnd { break }
      var source = ZSTD_inBuffer(
        src: input.bytes.baseAddress, size: inputRange.upperBound, pos: inputRange.lowerBound)
      let before = output.pos
      let hint = ZSTD_decompressStream(context, &output, &source)
      if ZSTD_isError(hint) != 0 {
        throw TraceError(
          damagedBy: hint, file: file.path, part: "zstd frame before byte \(filePosition)")
      }
      // Without input the decoder may still hold content, but not for ever.
      if inputRange.isEmpty, output.pos == before { break }
      inputRange = source.pos..<inputRange.upperBound
      isAtFrameEnd = hint == 0
    }
    contentPosition += output.pos
    if let wrong = checksums.pass(UnsafeRawBufferPointer(rebasing: buffer[..<output.pos])) {
      throw TraceError(
        .damagedFrame, file: file.path, part: wrong.frame.name,
        expected: "the seek table's checksum \(wrong.frame.checksum ?? 0)", found: "\(wrong.found)",
        advice: TraceError.copyAgain)
    }
    return output.pos
  }

  private func truncated() -> TraceError {
    TraceError(
      .truncated, file: file.path, part: "byte \(contentPosition) of the uncompressed content",
      expected: "more content", found: "the end of the file", advice: TraceError.copyAgain)
  }
}
