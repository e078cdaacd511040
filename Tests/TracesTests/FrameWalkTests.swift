import Testing

@testable import Traces

@Suite struct FrameWalkTests {
  private let again = "copy or download the file again"

  private func walk(_ file: [UInt8]) throws -> FrameWalk {
    let folder = try TemporaryFolder()
    return try FrameWalk(file: InputFile(path: folder.file(file)))
  }

  @Test func countsTheContentOfEveryFrame() throws {
    // Sizes whose fields have 1, 2, 4 bytes, and content that fills several blocks.
    for count in [0, 1, 255, 256, 65_791, 65_792, 300_000] {
      let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 * $0 >> 5) }
      let one = try walk(compress(content))
      #expect(one.contentSize == count)
      #expect(one.contentLimit >= count)
      #expect(try walk(compress(content) + compress(content)).contentSize == 2 * count)
      #expect(try walk(compress(content, hasSize: false)).contentSize == nil)
      #expect(try walk(compress(content) + seekTable(entries: [], count: 0)).contentSize == count)
    }
  }

  @Test func aCutIsFoundWithoutDecompressing() throws {
    let file = compress(Array(repeating: [1, 2, 3], count: 100_000).flatMap(\.self))
    for count in 1..<file.count {
      #expect {
        try walk(Array(file[..<count]))
      } throws: {
        ($0 as? TraceError)?.kind == .truncated
      }
    }
  }

  @Test func contentThatNoBlockCanHold() throws {
    // A frame of one RLE block that says it holds 1 TB.
    let size: UInt64 = 1 << 40
    let frame =
      FrameWalk.frameMagic.littleEndianBytes + [0xE0] + size.littleEndianBytes + [0x03, 0x00, 0x10, 0x41]
    #expect(
      try message(frame)
        == "FILE: zstd frame at byte 0: expected content of at most 131072 bytes, "
        + "which is all its blocks can hold, "
        + "found \(size); \(again)")
  }

  @Test func unknownBits() throws {
    let magic = FrameWalk.frameMagic.littleEndianBytes
    #expect(
      try message(magic + [0x28, 1, 1, 0, 0])
        == "FILE: zstd frame at byte 0: expected a reserved bit of zero, found one; \(again)")
    #expect(
      try message(magic + [0x20, 1, 7, 0, 0])
        == "FILE: zstd frame at byte 0: expected a block of known type, found a reserved one; \(again)")
    #expect(
      try message(compress([1]) + [1, 2, 3, 4])
        == "FILE: zstd frame at byte 14: expected a zstd frame, found other bytes; \(again)")
  }
}
