import Attention

/// The table at the end of a seekable zstd file: where each frame is and how much it holds.
///
/// As in zstd's `contrib/seekable_format/zstd_seekable_compression_format.md`.
struct SeekTable: Sendable {
  /// First four bytes of the skippable frame that holds the table.
  static let skippableMagic: UInt32 = 0x184D_2A5E
  /// Last four bytes of the file.
  static let footerMagic: UInt32 = 0x8F92_EAB1
  static let footerSize = 9
  static let skippableHeaderSize = 8

  struct Frame: Sendable, Equatable {
    let index: Int
    /// The frame's bytes in the file.
    let stored: Range<Int>
    /// The bytes of the uncompressed file that it holds.
    let content: Range<Int>
    /// Lowest 32 bits of the content's XXH64, where the table has them.
    let checksum: UInt32?

    var name: String { "frame \(index) at byte \(stored.lowerBound)" }
  }

  let frames: [Frame]
  var contentSize: Int { frames.last?.content.upperBound ?? 0 }

  /// - Returns: nil where the file does not end in a seek table.
  /// - Throws: `TraceError` of kind `damagedSeekTable` where the table contradicts itself or the file.
  init?(file: InputFile) throws {
    guard file.size >= Self.footerSize + Self.skippableHeaderSize else { return nil }
    let footer = try file.bytes(at: file.size - Self.footerSize, count: Self.footerSize)
    guard footer.littleEndian(at: 5, count: 4) == UInt64(Self.footerMagic) else { return nil }

    func require(_ condition: Bool, _ expected: String, _ found: Any) throws {
      if condition { return }
      throw TraceError(
        .damagedSeekTable, file: file.path, part: "seek table", expected: expected, found: "\(found)",
        advice: TraceError.copyAgain)
    }
    let descriptor = footer[4]
    // The two lowest bits are unused: the format tells readers to ignore them.
    try require(descriptor & 0x7C == 0, "reserved bits of zero", "descriptor \(descriptor)")
    let hasChecksums = descriptor & 0x80 != 0
    let entrySize = hasChecksums ? 12 : 8
    let count = Int(footer.littleEndian(at: 0, count: 4))
    let tableSize = Self.skippableHeaderSize + count * entrySize + Self.footerSize
    try require(
      tableSize <= file.size, "at most \(file.size / entrySize) frames in \(file.size) bytes",
      "\(count) frames")

    try AlignedBuffer.checkSize(
      tableSize + count * MemoryLayout<Frame>.stride, file: file.path, part: "seek table")

    let start = file.size - tableSize
    let table = try file.bytes(at: start, count: tableSize - Self.footerSize)
    let magic = table.littleEndian(at: 0, count: 4)
    try require(
      magic == UInt64(Self.skippableMagic),
      "a skippable frame of \(count) entries at byte \(start)", "other bytes")
    let size = table.littleEndian(at: 4, count: 4)
    try require(
      size == UInt64(tableSize - Self.skippableHeaderSize),
      "\(tableSize - Self.skippableHeaderSize) bytes in its skippable frame", size)

    var frames: [Frame] = []
    frames.reserveCapacity(count)
    var stored = 0
    var content = 0
    for index in 0..<count {
      let entry = Self.skippableHeaderSize + index * entrySize
      let storedEnd = stored + Int(table.littleEndian(at: entry, count: 4))
      let contentEnd = content + Int(table.littleEndian(at: entry + 4, count: 4))
      frames.append(
        Frame(
          index: index, stored: stored..<storedEnd, content: content..<contentEnd,
          checksum: hasChecksums ? UInt32(table.littleEndian(at: entry + 8, count: 4)) : nil))
      (stored, content) = (storedEnd, contentEnd)
    }
    try require(stored == start, "frames of \(start) bytes, up to the table", "\(stored) bytes")
    self.frames = frames
  }

  /// Whether frames are laid out so that each can be read alone and straight into a tensor: the header alone
  /// in the first, no frame across tensors or halves of a value, none empty or larger than the format allows.
  ///
  /// Seekable files of other tools may not be; they are read in order like any zstd stream.
  func allowsRandomAccess(to header: SafetensorsHeader) -> Bool {
    guard let first = frames.first else { return false }
    var tensors = header.tensors.lazy.filter { $0.byteCount > 0 }.makeIterator()
    var tensor = tensors.next()
    if first.content.upperBound != tensor?.offset ?? header.contentSize { return false }
    for frame in frames.dropFirst() {
      if let current = tensor, current.range.upperBound <= frame.content.lowerBound {
        tensor = tensors.next()
      }
      guard let current = tensor, Self.isReadable(frame, limit: pieceSize),
        current.range.lowerBound <= frame.content.lowerBound,
        frame.content.upperBound <= current.range.upperBound
      else { return false }
      let elementSize = ElementType.byteCount(ofSafetensorsType: current.dtype) ?? 1
      if !(frame.content.lowerBound - current.offset).isMultiple(of: elementSize) { return false }
    }
    return true
  }

  /// Whether a frame is small enough to be held in memory, compressed and not.
  static func isReadable(_ frame: Frame, limit: Int) -> Bool {
    // What zstd adds to content that it cannot compress is far less than a 128th and 64 bytes.
    let content = frame.content.count
    return (1...limit).contains(content) && frame.stored.count <= content + content / 128 + 64
  }
}
