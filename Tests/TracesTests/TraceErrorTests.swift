import Foundation
import Testing

@testable import Traces

/// Every damage that the format names, and the message it gives in each container.
@Suite struct TraceErrorTests {
  /// What the message is when a tensor or key is spoilt, whatever the container.
  private func message(_ spoil: (inout TraceBytes) -> Void) throws -> String {
    var trace = TraceBytes()
    spoil(&trace)
    let messages = Set([
      try TracesTests.message(trace.safetensors), try TracesTests.message(trace.seekable),
      try TracesTests.message(trace.zstd),
    ])
    #expect(messages.count == 1, "\(messages)")
    return messages.first ?? ""
  }

  @Test func theUnspoiltTraceIsRead() throws {
    #expect(try message { _ in } == "no error")
  }

  @Test func filesThatAreNoTrace() throws {
    let folder = try TemporaryFolder()
    #expect {
      try Trace(path: folder.path("none"))
    } throws: {
      "\($0)"
        == "\(folder.path("none")): expected a readable file, found No such file or directory; check the path"
    }
    #expect {
      try Trace(path: folder.path(""))
    } throws: {
      "\($0)"
        == "\(folder.path("")): expected a readable file, "
        + "found something that is not an ordinary file; check the path"
    }
    let found = "expected a Zstandard or safetensors file"
    let advice = "give a trace that fasa-capture wrote"
    #expect(try TracesTests.message([]) == "FILE: \(found), found 0 bytes that begin otherwise; \(advice)")
    #expect(
      try TracesTests.message(Array("GGUF, not a trace".utf8))
        == "FILE: \(found), found 17 bytes that begin otherwise; \(advice)")
  }

  @Test func metadata() throws {
    #expect(
      try message { $0.hasMetadata = false }
        == "FILE: __metadata__: expected the key fasa-trace, "
        + "found none; give a trace, not another safetensors file"
    )
    #expect(
      try message { $0.set("version", 2) }
        == "FILE: fasa-trace.version: expected 1, found 2; use a fasa-sim that reads that version")
    #expect(
      try message { $0.metadataText = "{\"version\": 1" }
        == "FILE: fasa-trace, byte 13: expected \",\" or \"}\", "
        + "found the document's end; capture the trace again"
    )
  }

  @Test(arguments: [
    "version", "model", "model.name", "model.architecture", "model.weights", "model.sha256", "geometry",
    "geometry.layers", "geometry.query_heads", "geometry.kv_heads", "geometry.head_dim", "geometry.value_dim",
    "captured_layers", "rope", "rope.pairing", "rope.base", "rope.rotary_dim", "attention", "attention.scale",
    "tokens", "tokens.prompt", "tokens.decode", "text", "text.title", "text.licence", "text.kind",
    "text.sha256",
    "capture", "capture.tool", "capture.engine", "capture.sampling", "capture.created",
  ]) func missingKeys(path: String) throws {
    #expect(
      try message { $0.set(path, nil) }
        == "FILE: fasa-trace.\(path): expected this required key, found none; capture the trace again")
  }

  @Test(arguments: ["token_ids", "query_positions", "layers.1.k", "layers.1.v", "layers.1.q"])
  func missingTensors(name: String) throws {
    #expect(
      try message { $0.entries.removeAll { $0.name == name } }
        == "FILE: \(name): expected this required tensor, found none; capture the trace again")
  }

  @Test func unexpectedTensors() throws {
    for name in ["layers.0.k", "layers.1.attention", "note"] {
      #expect(
        try message { $0.change("extra.note") { $0.name = name } }
          == "FILE: \(name): expected only tensors of format version 1 and of the captured layers, "
          + "found this one; "
          + "give other tensors names that begin with extra.")
    }
  }

  @Test func elementTypes() throws {
    for (name, dtype, expected) in [
      ("token_ids", "F32", "I32"), ("query_positions", "U32", "I32"), ("layers.1.k", "I16", "F16, BF16, F32"),
      ("layers.1.v", "BF16", "F16"), ("layers.1.q", "I16", "F16"), ("layers.1.o", "I32", "F32"),
      ("layers.1.prompt_attention", "I32", "F32"), ("layers.1.k", "ODD", "F16, BF16, F32"),
    ] {
      #expect(
        try message { $0.change(name) { $0.dtype = dtype } }
          == "FILE: \(name): expected dtype \(expected), found \(dtype); capture the trace again")
    }
  }

  @Test func shapes() throws {
    for (name, shape, expected) in [
      ("token_ids", [5, 1], "[5]"), ("query_positions", [1, 3], "[S], one position per traced query"),
      ("layers.1.k", [1, 4, 5], "[1, 5, 4]"), ("layers.1.v", [1, 2, 5], "[1, 5, 2]"),
      ("layers.1.q", [24], "[2, 3, 4]"), ("layers.1.o", [2, 2, 3], "[2, 3, 2]"),
      ("layers.1.prompt_attention", [3, 2], "[2, 3]"),
    ] {
      #expect(
        try message { $0.change(name) { $0.shape = shape } }
          == "FILE: \(name): expected shape \(expected), found \(shape); capture the trace again")
    }
    #expect(
      try message { $0.set("geometry.head_dim", 8) }
        == "FILE: layers.1.k: expected shape [1, 5, 8], found [1, 5, 4]; capture the trace again")
    #expect(
      try message { $0.set("tokens.prompt", 4) }
        == "FILE: token_ids: expected shape [6], found [5]; capture the trace again")
  }

  @Test func offsets() throws {
    func offsets(_ name: String, _ offsets: [Any]) throws -> String {
      try message { $0.change(name) { $0.offsets = offsets } }
    }
    let again = "capture the trace again"
    #expect(
      try offsets("layers.1.k", [28, 68])
        == "FILE: layers.1.k: expected data to begin at 32, "
        + "found 28, which overlaps the tensor before; \(again)"
    )
    #expect(
      try offsets("layers.1.k", [36, 76])
        == "FILE: layers.1.k: expected data to begin at 32, found 36, which leaves a gap; \(again)")
    #expect(
      try offsets("layers.1.k", [32, 70])
        == "FILE: layers.1.k: expected 40 bytes for F16 [1, 5, 4], found 38 bytes; \(again)")
    for odd: [Any] in [[72, 32], [32], [-8, 32], [0.5, 32], ["0", 32], [0, Int.max], [32, 72, 80]] {
      #expect(
        try offsets("layers.1.k", odd)
          == "FILE: layers.1.k: expected data_offsets [begin, end] with begin <= end, "
          + "found other values; \(again)"
      )
    }
  }

  @Test func sizeOfTheContent() throws {
    var short = TraceBytes()
    short.change("extra.note") { $0.offsets = [212, 1 << 40] }
    let size = try short.safetensors.count
    let start = size - short.entries.reduce(0) { $0 + $1.data.count }
    for bytes in [try short.safetensors, try short.seekable, try short.zstd] {
      #expect(
        try TracesTests.message(bytes)
          == "FILE: content: expected \(start + (1 << 40)) bytes, up to the last tensor, found \(size); "
          + "copy or download the file again")
    }
    let long = try TraceBytes().safetensors
    for bytes in [long + [0], compress(long + [0])] {
      #expect(
        try TracesTests.message(bytes)
          == "FILE: content: expected \(long.count) bytes, up to the last tensor, found \(long.count + 1); "
          + "capture the trace again")
    }
    #expect(
      try TracesTests.message(compress(long + [0], hasSize: false))
        == "FILE: expected \(long.count) bytes of content, up to the last tensor, "
        + "found more; capture the trace again"
    )
  }

  @Test func positions() throws {
    for (positions, text) in [
      (
        [2, 2, 4],
        "query_positions[1]: expected positions that ascend strictly from 0 to at most 4, found 2 after 2"
      ),
      (
        [2, 1, 4],
        "query_positions[1]: expected positions that ascend strictly from 0 to at most 4, found 1 after 2"
      ),
      (
        [-1, 1, 4],
        "query_positions[0]: expected positions that ascend strictly from 0 to at most 4, found -1"
      ),
      (
        [2, 3, 5],
        "query_positions[2]: expected positions that ascend strictly from 0 to at most 4, found 5 after 3"
      ),
    ] as [([Int32], String)] {
      #expect(
        try message { $0.change("query_positions") { $0.data = int32(positions) } }
          == "FILE: \(text); capture the trace again")
    }
  }

  @Test func valuesThatAreNotFinite() throws {
    for (name, byte, high, text) in [
      ("layers.1.k", 2 * 17 + 1, 0x7E, "layers.1.k[0, 4, 1]: expected a finite value, found NaN"),
      ("layers.1.v", 1, 0xFC, "layers.1.v[0, 0, 0]: expected a finite value, found -infinity"),
      ("layers.1.q", 2 * 23 + 1, 0x7C, "layers.1.q[1, 2, 3]: expected a finite value, found infinity"),
      ("layers.1.o", 4 * 7 + 3, 0x7F, "layers.1.o[1, 0, 1]: expected a finite value, found infinity"),
      (
        "layers.1.prompt_attention", 4 * 5 + 3, 0xFF,
        "layers.1.prompt_attention[1, 2]: expected a finite value, found NaN"
      ),
    ] as [(String, Int, UInt8, String)] {
      let spoilt = try message {
        $0.change(name) {
          $0.data[byte] = high
          $0.data[byte - 1] = text.hasSuffix("NaN") ? 0xC0 : high == 0x7F ? 0x80 : 0
        }
      }
      #expect(spoilt == "FILE: \(text); capture the trace again")
    }
  }

  @Test func headers() throws {
    let json = try TraceBytes().header
    func file(_ json: String) -> [UInt8] { UInt64(json.utf8.count).littleEndianBytes + Array(json.utf8) }
    #expect(
      try TracesTests.message((UInt64(64 << 20) + 1).littleEndianBytes + json)
        == "FILE: header length: expected at most 67108864 bytes, "
        + "found 67108865; copy or download the file again"
    )
    #expect(
      try TracesTests.message((UInt64(1) << 63).littleEndianBytes + json)
        == "FILE: header length: expected at most 67108864 bytes, found 9223372036854775808; "
        + "copy or download the file again")
    #expect(
      try TracesTests.message(UInt64(64 << 20).littleEndianBytes + json)
        == "FILE: content: expected a header of 67108872 bytes, found \(json.count + 8); "
        + "copy or download the file again")
    #expect(
      try TracesTests.message(file("{\"a\":1,\"a\":2}"))
        == "FILE: header, byte 7 of its JSON: expected keys that differ, found \"a\" twice; "
        + "copy or download the file again")
    let entry = "expected an object with dtype, shape and data_offsets, found another JSON value"
    for (json, text) in [
      ("{\"a\":1}", "a: \(entry)"), ("{\"a\":{\"dtype\":\"F16\",\"shape\":[1]}}", "a: \(entry)"),
      ("{\"__metadata__\":[]}", "__metadata__: expected a JSON object, found another JSON value"),
      ("{\"__metadata__\":{\"a\":1}}", "__metadata__: expected strings, found another JSON value"),
      (
        "{\"a\":{\"dtype\":\"F16\",\"shape\":[-1],\"data_offsets\":[0,0]}}",
        "a: expected a shape of natural numbers, found another value"
      ),
    ] {
      #expect(try TracesTests.message(file(json)) == "FILE: \(text); capture the trace again")
    }
  }

  @Test func layersThatWereNotCaptured() throws {
    let trace = try Trace(path: fixture("f16.safetensors"))
    #expect {
      try trace.layer(2)
    } throws: {
      "\($0)"
        == "\(trace.path): layer 2: expected one of the captured layers [1, 3], found another; "
        + "choose one of these or capture the trace again"
    }
  }
}
