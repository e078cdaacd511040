import Attention
import CZstd
import Foundation
import Testing

@testable import Traces

/// A small trace as bytes, every part of which a test can spoil before it is put together.
struct TraceBytes {
  struct Entry {
    var name: String
    var dtype: String
    var shape: [Int]
    var data: [UInt8]
    /// Written to the header in place of where the data is.
    var offsets: [Any]?
  }

  /// The JSON under `fasa-trace`, as an object so that keys can be taken away or replaced.
  var metadata: [String: Any] = [
    "version": 1,
    "model": ["name": "m", "architecture": "a", "weights": "w", "sha256": "0"],
    "geometry": ["layers": 2, "query_heads": 2, "kv_heads": 1, "head_dim": 4, "value_dim": 2],
    "captured_layers": [1],
    "rope": ["pairing": "half", "base": 10000.0, "rotary_dim": 4],
    "attention": ["scale": 0.5],
    "tokens": ["prompt": 3, "decode": 2],
    "text": ["title": "t", "licence": "l", "kind": "k", "sha256": "0"],
    "capture": ["tool": "t", "engine": "e", "sampling": "greedy", "created": "c"],
  ]
  /// Written in place of `metadata`, where given.
  var metadataText: String?
  var hasMetadata = true
  var entries: [Entry] = [
    Entry(name: "token_ids", dtype: "I32", shape: [5], data: int32([5, 6, 7, 8, 9])),
    Entry(name: "query_positions", dtype: "I32", shape: [3], data: int32([2, 3, 4])),
    Entry(name: "layers.1.k", dtype: "F16", shape: [1, 5, 4], data: halves(20)),
    Entry(name: "layers.1.v", dtype: "F16", shape: [1, 5, 2], data: halves(10)),
    Entry(name: "layers.1.q", dtype: "F16", shape: [2, 3, 4], data: halves(24)),
    Entry(name: "layers.1.prompt_attention", dtype: "F32", shape: [2, 3], data: floats(6)),
    Entry(name: "layers.1.o", dtype: "F32", shape: [2, 3, 2], data: floats(12)),
    Entry(name: "extra.note", dtype: "ODD", shape: [7], data: [1, 2, 3, 4, 5]),
  ]

  mutating func change(_ name: String, _ body: (inout Entry) -> Void) {
    guard let index = entries.firstIndex(where: { $0.name == name }) else {
      Issue.record("no tensor \(name)")
      return
    }
    body(&entries[index])
  }

  /// Sets or, with nil, removes a key such as `rope.base`.
  mutating func set(_ path: String, _ value: Any?) {
    let keys = path.split(separator: ".").map(String.init)
    if keys.count == 1 {
      metadata[keys[0]] = value
    } else {
      var inner = metadata[keys[0]] as? [String: Any] ?? [:]
      inner[keys[1]] = value
      metadata[keys[0]] = inner
    }
  }

  /// The JSON header.
  var header: [UInt8] {
    get throws {
      var object: [String: Any] = [:]
      if hasMetadata {
        let json = try JSONSerialization.data(withJSONObject: metadata, options: [.sortedKeys])
        object["__metadata__"] = ["fasa-trace": metadataText ?? String(decoding: json, as: UTF8.self)]
      }
      var offset = 0
      for entry in entries {
        object[entry.name] = [
          "dtype": entry.dtype, "shape": entry.shape,
          "data_offsets": entry.offsets ?? [offset, offset + entry.data.count],
        ]
        offset += entry.data.count
      }
      return Array(try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys]))
    }
  }

  /// A bare safetensors file.
  var safetensors: [UInt8] {
    get throws {
      let header = try header
      return UInt64(header.count).littleEndianBytes + header + entries.flatMap(\.data)
    }
  }

  /// One frame for the header and each tensor, and their table.
  var seekable: [UInt8] {
    get throws {
      let header = try header
      let contents = [UInt64(header.count).littleEndianBytes + header] + entries.map(\.data)
      return seekableFile(contents.map { ($0, $0.count) })
    }
  }

  /// One frame.
  var zstd: [UInt8] { get throws { compress(try safetensors) } }
}

func int32(_ values: [Int32]) -> [UInt8] { values.flatMap(\.littleEndianBytes) }

/// Small numbers as F16.
func halves(_ count: Int) -> [UInt8] {
  (0..<count).flatMap { HalfPrecision.f16(Float($0) / 8 - 1).littleEndianBytes }
}

func floats(_ count: Int) -> [UInt8] { (0..<count).flatMap { (Float($0) / 8).bitPattern.littleEndianBytes } }

/// One zstd frame with a checksum.
func compress(_ content: [UInt8], hasSize: Bool = true, windowLog: Int32 = 0) -> [UInt8] {
  let context = ZSTD_createCCtx()
  defer { ZSTD_freeCCtx(context) }
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, hasSize ? 1 : 0)
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog)
  var frame = [UInt8](repeating: 0, count: ZSTD_compressBound(content.count))
  let count = ZSTD_compress2(context, &frame, frame.count, content, content.count)
  return ZSTD_isError(count) != 0 ? [] : Array(frame[..<count])
}

/// Frames of the contents, and a table that gives them the sizes said.
func seekableFile(_ contents: [(bytes: [UInt8], declared: Int)], descriptor: UInt8 = 0) -> [UInt8] {
  var file: [UInt8] = []
  var entries: [UInt8] = []
  for content in contents {
    let frame = compress(content.bytes)
    file += frame
    entries += UInt32(frame.count).littleEndianBytes + UInt32(content.declared).littleEndianBytes
    if descriptor & 0x80 != 0 { entries += frame.suffix(4) }
  }
  return file + seekTable(entries: entries, count: UInt32(contents.count), descriptor: descriptor)
}

func seekTable(entries: [UInt8], count: UInt32, descriptor: UInt8 = 0) -> [UInt8] {
  SeekTable.skippableMagic.littleEndianBytes + UInt32(entries.count + 9).littleEndianBytes + entries
    + count.littleEndianBytes + [descriptor] + SeekTable.footerMagic.littleEndianBytes
}

/// Opens, verifies and reads every layer.
@discardableResult
func readAll(_ path: String) throws -> [[UInt8]] {
  let trace = try Trace(path: path)
  try trace.verify()
  return try layers(of: trace)
}

func layers(of trace: Trace) throws -> [[UInt8]] {
  try trace.metadata.capturedLayers.flatMap { number in
    let layer = try trace.layer(number)
    return TraceLayout.LayerPart.allCases.compactMap { layer.tensor($0)?.withUnsafeBytes { Array($0) } }
  }
}

/// The message of the error that reading the bytes gives, with the file's path as `FILE`.
func message(_ bytes: [UInt8]) throws -> String {
  let folder = try TemporaryFolder()
  let path = try folder.file(bytes)
  do {
    try readAll(path)
    return "no error"
  } catch let error as TraceError {
    return error.description.replacing(path, with: "FILE")
  }
}
