import Foundation
import Testing

@testable import Traces

/// Files made to make a reader run out of stack, memory or time.
@Suite struct HostileTests {
  private let again = "capture the trace again"

  private func file(_ json: String) -> [UInt8] {
    UInt64(json.utf8.count).littleEndianBytes + Array(json.utf8)
  }

  @Test func deepHeaders() throws {
    for level in ["[", "{\"a\":"] {
      let json = "{\"a\":" + String(repeating: level, count: 100_000)
      for bytes in [file(json), compress(file(json)), seekableFile([(file(json), file(json).count)])] {
        let text = try message(bytes)
        #expect(text.contains("expected nesting of at most 64 levels, found more"))
      }
    }
  }

  @Test func headersOfMillionsOfValues() throws {
    let json = "{\"a\":[" + String(repeating: "0,", count: 4_000_000) + "0]}"
    #expect(try message(compress(file(json))).contains("expected at most 1048576 values, found more"))
  }

  @Test(arguments: [
    ([Int.max, Int.max, 4], "a shape whose bytes can be counted, found [\(Int.max), \(Int.max), 4]"),
    ([1 << 60, 8, 1], "a shape whose bytes can be counted, found [\(1 << 60), 8, 1]"),
    ([1 << 40, 5, 4], "43980465111040 bytes for F16 [1099511627776, 5, 4], found 40 bytes"),
  ]) func hugeShapes(shape: [Int], text: String) throws {
    var trace = TraceBytes()
    trace.change("layers.1.k") { $0.shape = shape }
    for bytes in [try trace.safetensors, try trace.seekable, try trace.zstd] {
      #expect(try message(bytes) == "FILE: layers.1.k: expected \(text); \(again)")
    }
  }

  /// A header that contradicts nothing but asks for far more than the file holds.
  @Test func contentFarLargerThanTheFile() throws {
    var trace = TraceBytes()
    let tokens = 1 << 24
    trace.set("tokens.prompt", tokens - 2)
    trace.entries.removeAll { !["token_ids", "query_positions", "layers.1.q"].contains($0.name) }
    trace.entries += [
      .init(name: "layers.1.k", dtype: "F16", shape: [1, tokens, 4], data: []),
      .init(name: "layers.1.v", dtype: "F16", shape: [1, tokens, 2], data: []),
    ]
    trace.change("token_ids") { $0.shape = [tokens] }
    var end = 0
    for index in trace.entries.indices {
      let entry = trace.entries[index]
      let size = entry.shape.reduce(entry.dtype == "I32" ? 4 : 2, *)
      trace.entries[index].offsets = [end, end + size]
      end += size
    }
    let json = try trace.header
    let header = UInt64(json.count).littleEndianBytes + json
    let expected = "content: expected \(header.count + end) bytes"
    let advice = "copy or download the file again"
    let (found, hint) = (header.count, "up to the last tensor, found")
    #expect(try message(header) == "FILE: \(expected), \(hint) \(found); \(advice)")
    #expect(try message(compress(header)) == "FILE: \(expected), \(hint) \(found); \(advice)")
    #expect(
      try message(compress(header, hasSize: false)) == "FILE: \(expected), "
        + "found at most 131072; \(advice)")

    // A table whose sums are right, of frames that hold a 64th of what it says.
    let frame = compress([UInt8](repeating: 0, count: pieceSize / 64))
    var declared = [(frame: compress(header), content: header.count)]
    for entry in trace.entries {
      let size = entry.shape.reduce(entry.dtype == "I32" ? 4 : 2, *)
      declared += stride(from: 0, to: size, by: pieceSize).map { (frame, min(pieceSize, size - $0)) }
    }
    let entries = declared.flatMap {
      UInt32($0.frame.count).littleEndianBytes + UInt32($0.content).littleEndianBytes
    }
    let file = declared.flatMap(\.frame) + seekTable(entries: entries, count: UInt32(declared.count))
    let first = declared[0].frame.count
    #expect(
      try message(file)
        == "FILE: frame 1 at byte \(first): expected 4194304 bytes of content, as the seek table says, "
        + "found 65536; \(advice)")
  }

  /// Positions are held against the tokens before they are read: a gigabyte of them in a few kilobytes of zstd.
  @Test func moreQueriesThanTokens() throws {
    var trace = TraceBytes()
    trace.entries.removeAll { $0.name != "token_ids" && $0.name != "query_positions" }
    trace.change("query_positions") {
      $0.shape = [1 << 28]
      $0.offsets = [20, 20 + (4 << 28)]
      $0.data = []
    }
    let header = try trace.header
    let whole = UInt64(header.count).littleEndianBytes + header + int32([5, 6, 7, 8, 9])
    // Frames whose table claims the rest; that they hold less is found only where they are read.
    let piece = compress([UInt8](repeating: 0, count: 16))
    var declared = [(frame: compress(Array(whole.dropLast(20))), content: whole.count - 20)]
    declared.append((compress(Array(whole.suffix(20))), 20))
    for _ in 0..<(4 << 28) / pieceSize { declared.append((piece, pieceSize)) }
    let entries = declared.flatMap {
      UInt32($0.frame.count).littleEndianBytes + UInt32($0.content).littleEndianBytes
    }
    #expect(
      try message(declared.flatMap(\.frame) + seekTable(entries: entries, count: UInt32(declared.count)))
        == "FILE: query_positions: expected shape [S], with at most 5 positions, one per token, "
        + "found [268435456]; \(again)")
  }

  @Test func memoryThatNoMachineHas() {
    for count in [AlignedBuffer.limit + 1, Int.max] {
      #expect {
        try AlignedBuffer.allocate(count, file: "t", part: "layers.0.k")
      } throws: {
        "\($0)"
          == "t: layers.0.k: expected at most \(AlignedBuffer.limit) bytes, half of this machine's memory, "
          + "found \(count) bytes; use a machine with more memory or capture fewer tokens"
      }
    }
  }

  @Test func aWindowLargerThanTheLimit() throws {
    var frame = compress(try TraceBytes().safetensors, hasSize: false)
    // Window_Descriptor: 2^41 bytes.
    frame[5] = 31 << 3
    #expect(
      try message(frame)
        == "FILE: zstd frame at byte 0: expected a zstd window of at most 128 MiB, "
        + "found 2199023255552 bytes; compress it again with a smaller window")
  }

  @Test func aBombBehindATrace() throws {
    // A frame of 64 MiB of zeros after the trace's own.
    let bomb = compress([UInt8](repeating: 0, count: 64 << 20), hasSize: false)
    let trace = try TraceBytes().safetensors
    #expect(
      try message(compress(trace, hasSize: false) + bomb)
        == "FILE: expected \(trace.count) bytes of content, up to the last tensor, found more; \(again)")
  }
}
