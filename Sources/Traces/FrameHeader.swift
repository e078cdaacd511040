/// What the first bytes of a zstd frame say. RFC 8878, section 3.1.1.1.
struct FrameHeader: Equatable {
  /// Bytes of the longest header, with its magic number.
  static let sizeLimit = 18
  /// Largest window that is read, in bytes: what zstd itself refuses to exceed unless it is told to.
  static let windowLimit: UInt64 = 128 << 20

  /// Bytes of the header, with its magic number.
  let size: Int
  /// Bytes of content before a place that the frame may refer back to.
  let windowSize: UInt64
  /// Bytes of content, where the frame says.
  let contentSize: UInt64?
  let hasChecksum: Bool

  /// What makes a frame unreadable whatever follows its header.
  struct Flaw: Error {
    let expected: String
    let found: String
  }

  /// Reads the header of an ordinary frame from its first byte on.
  ///
  /// - Returns: nil where `bytes` end before the header does.
  /// - Throws: `Flaw`.
  init?(_ bytes: some RandomAccessCollection<UInt8>) throws {
    let start = Array(bytes.prefix(Self.sizeLimit))
    guard start.count > 4 else { return nil }
    guard start.littleEndian(at: 0, count: 4) == UInt64(FrameWalk.frameMagic) else {
      throw Flaw(expected: "a zstd frame", found: "other bytes")
    }
    let descriptor = start[4]
    guard descriptor & 0x08 == 0 else { throw Flaw(expected: "a reserved bit of zero", found: "one") }
    let isSingleSegment = descriptor & 0x20 != 0
    let dictionaryBytes = [0, 1, 2, 4][Int(descriptor & 3)]
    let sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][Int(descriptor >> 6)]
    let dictionaryStart = isSingleSegment ? 5 : 6
    size = dictionaryStart + dictionaryBytes + sizeBytes
    guard start.count >= size else { return nil }
    guard start.littleEndian(at: dictionaryStart, count: dictionaryBytes) == 0 else {
      throw Flaw(expected: "a frame without a dictionary", found: "one that needs a dictionary")
    }
    let declared = start.littleEndian(at: dictionaryStart + dictionaryBytes, count: sizeBytes)
    contentSize = sizeBytes == 0 ? nil : declared + (sizeBytes == 2 ? 256 : 0)
    if isSingleSegment {
      windowSize = declared + (sizeBytes == 2 ? 256 : 0)
    } else {
      let base = UInt64(1) << (10 + UInt64(start[5] >> 3))
      windowSize = base + base / 8 * UInt64(start[5] & 7)
    }
    hasChecksum = descriptor & 0x04 != 0
  }

  /// - Throws: `Flaw` where a decoder would need more memory for the window than the format allows.
  func checkWindow() throws {
    guard windowSize <= Self.windowLimit else {
      throw Flaw(
        expected: "a zstd window of at most \(Self.windowLimit >> 20) MiB", found: "\(windowSize) bytes")
    }
  }
}
