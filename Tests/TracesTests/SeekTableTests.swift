import Testing

@testable import Traces

@Suite struct SeekTableTests {
  private let again = "copy or download the file again"
  private var header: [UInt8] {
    get throws {
      let json = try TraceBytes().header
      return UInt64(json.count).littleEndianBytes + json
    }
  }
  private let tensors = TraceBytes().entries.map(\.data)

  private func container(_ file: [UInt8]) throws -> TraceContainer {
    let folder = try TemporaryFolder()
    let path = try folder.file(file)
    #expect(try readAll(path) == Self.layerBytes())
    return try Trace(path: path).container
  }

  private static func layerBytes() throws -> [[UInt8]] {
    TraceBytes().entries.filter { $0.name.hasPrefix("layers") }.map(\.data)
  }

  @Test func checksumsInTheTableAreCompared() throws {
    let contents = [try header] + tensors
    let file = seekableFile(contents.map { ($0, $0.count) }, descriptor: 0x80)
    #expect(try container(file) == .seekableZstd)
    // The first entry is the header's, the last the extra tensor's.
    var spoilt = file
    spoilt[file.count - 9 - 1] ^= 1
    let lastFrame = compress(tensors[7])
    let offset = file.count - 9 - 9 * 12 - 8 - lastFrame.count
    let checksum = lastFrame.littleEndian(at: lastFrame.count - 4, count: 4)
    #expect(
      try message(spoilt)
        == "FILE: frame 8 at byte \(offset): expected the seek table's checksum \(checksum ^ 1 << 24), "
        + "found \(checksum); \(again)")
  }

  @Test func framesThatForbidRandomAccessAreReadInOrder() throws {
    let all = try TraceBytes().safetensors
    let header = try header
    let halfTensor = [header + tensors[0]] + tensors[1...]
    let across = [header] + [tensors[0] + tensors[1]] + tensors[2...]
    let empty = [header, []] + tensors
    let halfValue =
      [header, tensors[0], tensors[1], Array(tensors[2][..<7]), Array(tensors[2][7...])] + tensors[3...]
    for contents in [[all], halfTensor, across, empty, halfValue] {
      #expect(try container(seekableFile(contents.map { ($0, $0.count) })) == .zstd)
    }
    let cutTensor =
      [header, tensors[0], tensors[1], Array(tensors[2][..<6]), Array(tensors[2][6...])] + tensors[3...]
    #expect(try container(seekableFile(cutTensor.map { ($0, $0.count) })) == .seekableZstd)
  }

  @Test func sizesThatContradict() throws {
    let contents = [try header] + tensors
    let total = contents.reduce(0) { $0 + $1.count }
    var declared = contents.map { ($0, $0.count) }
    // Two wrong sizes with the right sum.
    declared[2].1 -= 4
    declared[3].1 += 4
    #expect(try container(seekableFile(declared)) == .zstd)
    declared[3].1 -= 4
    #expect(
      try message(seekableFile(declared))
        == "FILE: content: expected \(total) bytes, up to the last tensor, found \(total - 4); \(again)")
  }

  @Test func framesThatHoldMoreOrLessThanTheTableSays() throws {
    let header = try header
    for (content, text) in [
      (Array(tensors[2].dropLast(2)), "40 bytes of content, as the seek table says, found 38"),
      (
        tensors[2] + [0, 0],
        "a whole zstd frame, found damage that zstd calls \"Destination buffer is too small\""
      ),
    ] {
      var contents = ([header] + tensors).map { ($0, $0.count) }
      contents[3].0 = content
      let offset = contents[..<3].reduce(0) { $0 + compress($1.0).count }
      #expect(
        try message(seekableFile(contents)) == "FILE: frame 3 at byte \(offset): expected \(text); \(again)")
    }
  }

  @Test func tablesThatContradictTheFile() throws {
    let content = try TraceBytes().safetensors
    let frame = compress(content)
    let size = UInt32(frame.count)
    func entry(_ stored: UInt32, _ content: UInt32) -> [UInt8] {
      stored.littleEndianBytes + content.littleEndianBytes
    }
    func message(_ table: [UInt8]) throws -> String { try TracesTests.message(frame + table) }
    #expect(
      try message(seekTable(entries: entry(size + 1, 9), count: 1))
        == "FILE: seek table: expected frames of \(size) bytes, up to the table, "
        + "found \(size + 1) bytes; \(again)"
    )
    let good = seekTable(entries: entry(size, 9), count: 1)
    let fileSize = frame.count + good.count
    #expect(
      try message(seekTable(entries: entry(size, 9), count: .max))
        == "FILE: seek table: expected at most \(fileSize / 8) frames in \(fileSize) bytes, "
        + "found 4294967295 frames; \(again)")
    #expect(
      try message(seekTable(entries: entry(size, 9), count: 2))
        == "FILE: seek table: expected a skippable frame of 2 entries at byte \(size - 8), "
        + "found other bytes; \(again)"
    )
    #expect(
      try message(seekTable(entries: entry(size, 9), count: 1, descriptor: 0x04))
        == "FILE: seek table: expected reserved bits of zero, found descriptor 4; \(again)")
    var wrongSize = good
    wrongSize[4] += 1
    #expect(
      try message(wrongSize)
        == "FILE: seek table: expected 17 bytes in its skippable frame, found 18; \(again)")
    #expect(
      try message(seekTable(entries: entry(size, 9), count: 1))
        == "FILE: content: expected \(content.count) bytes, up to the last tensor, found 9; \(again)")
  }
}
