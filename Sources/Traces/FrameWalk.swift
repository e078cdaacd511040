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
    position = start
    let header = try header(of: start)
    position += header.size

    let limitBefore = contentLimit
    var isLast = false
    while !isLast {
      let block = try take(3, of: start)
      isLast = block & 1 != 0
      let size = Int(block >> 3)
      switch block >> 1 & 3 {
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
    if header.hasChecksum { try skip(4, of: start) }

    if let declared = header.contentSize {
      let limit = contentLimit - limitBefore
      guard declared <= UInt64(limit) else {
        throw damaged(
          start, "content of at most \(limit) bytes, which is all its blocks can hold", "\(declared)")
      }
      contentSize = contentSize.map { $0 + Int(declared) }
    } else {
      contentSize = nil
    }
    do { try header.checkWindow() } catch let flaw as FrameHeader.Flaw {
      throw TraceError(windowOf: flaw, file: file.path, part: "zstd frame at byte \(start)")
    }
  }

  private mutating func header(of start: Int) throws -> FrameHeader {
    let bytes = try bytes(at: start, count: min(FrameHeader.sizeLimit, file.size - start))
    do {
      if let header = try FrameHeader(bytes) { return header }
    } catch let flaw as FrameHeader.Flaw {
      throw damaged(start, flaw.expected, flaw.found)
    }
    throw truncated(start, expected: file.size + 1)
  }

  private mutating func skip(_ count: Int, of frame: Int) throws {
    guard count <= file.size - position else {
      throw truncated(frame, expected: position + count)
    }
    position += count
  }

  /// The next `count` bytes as a number.
  private mutating func take(_ count: Int, of frame: Int) throws -> UInt64 {
    let start = position
    try skip(count, of: frame)
    return try bytes(at: start, count: count).littleEndian(at: 0, count: count)
  }

  /// At most 512 bytes of the file.
  private mutating func bytes(at start: Int, count: Int) throws -> ArraySlice<UInt8> {
    if start < windowStart || start + count > windowStart + window.count {
      windowStart = start
      window = try file.bytes(at: start, count: min(512, file.size - start))
    }
    return window[start - windowStart..<start - windowStart + count]
  }

  private func truncated(_ frame: Int, expected: Int) -> TraceError {
    TraceError(
      .truncated, file: file.path, part: "zstd frame at byte \(frame)",
      expected: "at least \(expected) bytes of file", found: "\(file.size)", advice: TraceError.copyAgain)
  }

  private func damaged(_ frame: Int, _ expected: String, _ found: String) -> TraceError {
    TraceError(
      .damagedFrame, file: file.path, part: "zstd frame at byte \(frame)", expected: expected, found: found,
      advice: TraceError.copyAgain)
  }
}
