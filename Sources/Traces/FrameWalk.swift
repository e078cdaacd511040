/// What the headers of a zstd file's frames and blocks say, without decompressing anything.
///
/// It finds a cut at once rather than after hours of replay, and bounds the content before any memory is
/// asked for. RFC 8878, section 3.1.
struct FrameWalk {
  static let frameMagic: UInt32 = 0xFD2F_B528
  /// With any of 16 last digits.
  static let skippableMagic: UInt32 = 0x184D_2A50
  private static let largestBlock = 128 << 10

  /// Bytes of content, where every frame says.
  private(set) var contentSize: Int? = 0
  /// Bytes that the blocks could hold at most.
  private(set) var contentLimit = 0

  private let file: InputFile
  private var position = 0
  /// The part of the file that was read last: block headers lie close together.
  private var window: [UInt8] = []
  private var windowStart = 0

  /// - Throws: `TraceError` of kind `truncated` or `damagedFrame`.
  init(file: InputFile) throws {
    self.file = file
    while position < file.size {
      let start = position
      let magic = UInt32(truncatingIfNeeded: try take(4, of: start))
      if magic & 0xFFFF_FFF0 == Self.skippableMagic {
        try skip(Int(try take(4, of: start)), of: start)
      } else if magic == Self.frameMagic {
        try walkFrame(from: start)
      } else {
        throw damaged(start, "a zstd frame", "other bytes")
      }
    }
  }

  private mutating func walkFrame(from start: Int) throws {
    let descriptor = try take(1, of: start)
    let isSingleSegment = descriptor & 0x20 != 0
    guard descriptor & 0x08 == 0 else { throw damaged(start, "a reserved bit of zero", "one") }
    if !isSingleSegment { _ = try take(1, of: start) }
    _ = try take([0, 1, 2, 4][Int(descriptor & 3)], of: start)
    let sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
    let declared = try take(sizeBytes, of: start) + (sizeBytes == 2 ? 256 : 0)

    let limitBefore = contentLimit
    var isLast = false
    while !isLast {
      let header = try take(3, of: start)
      isLast = header & 1 != 0
      let size = Int(header >> 3)
      switch header >> 1 & 3 {
      case 0:
        contentLimit += size
        try skip(size, of: start)
      case 1:
        contentLimit += size
        try skip(1, of: start)
      case 2:
        contentLimit += Self.largestBlock
        try skip(size, of: start)
      default: throw damaged(start, "a block of known type", "a reserved one")
      }
    }
    if descriptor & 0x04 != 0 { try skip(4, of: start) }

    if sizeBytes == 0 {
      contentSize = nil
    } else {
      let limit = contentLimit - limitBefore
      guard declared <= UInt64(limit) else {
        throw damaged(
          start, "content of at most \(limit) bytes, which is all its blocks can hold", "\(declared)")
      }
      contentSize = contentSize.map { $0 + Int(declared) }
    }
  }

  private mutating func skip(_ count: Int, of frame: Int) throws {
    guard count <= file.size - position else {
      throw TraceError(
        .truncated, file: file.path, part: "zstd frame at byte \(frame)",
        expected: "at least \(position + count) bytes of file", found: "\(file.size)",
        advice: TraceError.copyAgain)
    }
    position += count
  }

  /// The next `count` bytes as a number.
  private mutating func take(_ count: Int, of frame: Int) throws -> UInt64 {
    let start = position
    try skip(count, of: frame)
    if start < windowStart || position > windowStart + window.count {
      windowStart = start
      window = try file.bytes(at: start, count: min(512, file.size - start))
    }
    return window.littleEndian(at: start - windowStart, count: count)
  }

  private func damaged(_ frame: Int, _ expected: String, _ found: String) -> TraceError {
    TraceError(
      .damagedFrame, file: file.path, part: "zstd frame at byte \(frame)", expected: expected, found: found,
      advice: TraceError.copyAgain)
  }
}
