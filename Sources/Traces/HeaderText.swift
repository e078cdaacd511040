import Attention
import Foundation

/// The header that a writer puts before the tensors.
enum HeaderText {
  /// safetensors' length field and JSON, padded with spaces so that the first tensor is 8-byte aligned.
  ///
  /// - Parameter parts: what a layer has, in the order of the file.
  static func bytes(
    metadata: TraceMetadata, queries: Int, elementType: ElementType, file: String,
    parts: (_ layer: Int) -> [TraceLayout.LayerPart]
  ) throws -> [UInt8] {
    var entries = [
      "\"__metadata__\":{\"\(TraceMetadata.key)\":\(try quoted(metadata.json(file: file), file: file))}"
    ]
    var offset = 0
    func add(_ name: String, _ dtype: String, _ shape: [Int], elementSize: Int) throws {
      guard let byteCount = Tensor.byteCount(shape: shape, elementSize: elementSize),
        byteCount <= Int.max / 2 - offset
      else {
        throw TraceError(
          .wrongShape, file: file, part: name, expected: "a shape whose bytes can be counted",
          found: "\(shape)")
      }
      let counts = shape.map(String.init).joined(separator: ",")
      entries.append(
        "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":[\(counts)],"
          + "\"data_offsets\":[\(offset),\(offset + byteCount)]}")
      offset += byteCount
    }
    try add(TraceLayout.tokenIDs, "I32", [metadata.tokens.total], elementSize: 4)
    try add(TraceLayout.queryPositions, "I32", [queries], elementSize: 4)
    for layer in metadata.capturedLayers {
      for part in parts(layer) {
        let type = part.elementType(keys: elementType)
        let shape = TraceLayout.shape(of: part, metadata, queries: queries)
        try add(part.name(layer: layer), type.safetensors, shape, elementSize: type.byteCount)
      }
    }
    var json = Array("{\(entries.joined(separator: ","))}".utf8)
    while !json.count.isMultiple(of: 8) { json.append(UInt8(ascii: " ")) }
    guard json.count <= SafetensorsHeader.sizeLimit else {
      throw TraceError(
        .headerTooLong, file: file, part: "header", expected: "at most \(SafetensorsHeader.sizeLimit) bytes",
        found: "\(json.count)")
    }
    return UInt64(json.count).littleEndianBytes + json
  }

  private static func quoted(_ text: String, file: String) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    do {
      return String(decoding: try encoder.encode(text), as: UTF8.self)
    } catch {
      throw TraceError(
        .invalidMetadata, file: file, part: TraceMetadata.key, expected: "text that JSON can hold",
        found: "\(error)")
    }
  }
}
