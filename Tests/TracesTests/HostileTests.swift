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
    ([Int.max, Int.max, 4], "a shape whose bytes can be counted"),
    ([1 << 40, 5, 4], "a shape whose bytes can be counted"),
    ([1 << 60, 1 << 3, 1], "a shape whose bytes can be counted"),
    ([1, 5, 1 << 30], "10737418240 bytes for F16 [1, 5, 1073741824]"),
  ]) func hugeShapes(shape: [Int], expected: String) throws {
    var trace = TraceBytes()
    trace.change("layers.1.k") { $0.shape = shape }
    for bytes in [try trace.safetensors, try trace.seekable, try trace.zstd] {
      let text = try message(bytes)
      #expect(text.hasPrefix("FILE: layers.1.k: expected "))
      #expect(text.contains(expected) || shape[0] == 1 << 40, "\(text)")
    }
  }

  /// A trace of zeros that contradicts nothing, but whose layer no machine can hold.
  @Test func contentFarLargerThanTheFile() throws {
    var trace = TraceBytes()
    let tokens = Int(Int32.max)
    trace.set("tokens.prompt", tokens - 2)
    let extra = trace.entries.filter { $0.name == "query_positions" }
    let (keys, values) = (tokens * 8, tokens * 4)
    trace.entries = [
      .init(name: "token_ids", dtype: "I32", shape: [tokens], data: [], offsets: [0, 4 * tokens]),
      .init(
        name: "layers.1.k", dtype: "F16", shape: [1, tokens, 4], data: [],
        offsets: [4 * tokens, 4 * tokens + keys]),
      .init(
        name: "layers.1.v", dtype: "F16", shape: [1, tokens, 2], data: [],
        offsets: [4 * tokens + keys, 4 * tokens + keys + values]),
    ]
    var end = 4 * tokens + keys + values
    for (name, dtype, shape, size) in [
      ("query_positions", "I32", extra[0].shape, 12), ("layers.1.q", "F16", [2, 3, 4], 48),
    ] {
      trace.entries.append(
        .init(name: name, dtype: dtype, shape: shape, data: [], offsets: [end, end + size]))
      end += size
    }
    let header = try trace.header
    let start = UInt64(header.count).littleEndianBytes + header
    let expected = start.count + end
    #expect(try message(start).contains("content: expected \(expected) bytes, up to the last tensor, found"))
    #expect(try message(compress(start)).contains("content: expected \(expected) bytes"))
    #expect(
      try message(compress(start, hasSize: false)).contains("expected \(expected) bytes, found at most"))
    // A table that says that 13 bytes hold 4 GiB.
    let bomb = compress([UInt8](repeating: 0, count: 1 << 16))
    var entries = UInt32(compress(start).count).littleEndianBytes + UInt32(start.count).littleEndianBytes
    var frames = compress(start)
    var rest = end
    while rest > 0 {
      let size = min(rest, pieceSize)
      frames += bomb
      entries += UInt32(bomb.count).littleEndianBytes + UInt32(size).littleEndianBytes
      rest -= size
    }
    let count = UInt32(entries.count / 8)
    let text = try message(frames + seekTable(entries: entries, count: count))
    #expect(text.contains("expected"))
  }

  @Test func aWindowLargerThanTheLimit() throws {
    var frame = compress(try TraceBytes().safetensors, hasSize: false)
    // Window_Descriptor: 2^41 bytes.
    frame[5] = 31 << 3
    #expect(
      try message(frame)
        == "FILE: zstd frame before byte \(frame.count): expected a zstd window of at most 128 MiB, "
        + "found a larger one; compress it again without --long or --ultra")
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
