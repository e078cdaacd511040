import Pricing
import Traces

/// Reads a GGUF file's header in order, a piece at a time: vocabularies are megabytes long, and nothing of them is kept.
struct GGUFReader {
  let file: InputFile
  private(set) var position = 0
  private var buffer: [UInt8] = []
  private var bufferStart = 0

  private static let pieceBytes = 1 << 20

  init(_ file: InputFile) { self.file = file }

  /// The next bytes.
  ///
  /// - Parameter part: what they are of, as an error shall say.
  /// - Throws: `PricingError` where the file ends before; nothing is taken of the memory for what is not there.
  mutating func bytes(_ count: UInt64, of part: String) throws -> ArraySlice<UInt8> {
    let start = try advance(count, of: part)
    let end = start + Int(count)
    if start < bufferStart || end > bufferStart + buffer.count {
      let wanted = max(Int(count), min(Self.pieceBytes, file.size - start))
      do { buffer = try file.bytes(at: start, count: wanted) } catch let error as TraceError {
        throw PricingError(error)
      }
      bufferStart = start
    }
    return buffer[(start - bufferStart)..<(end - bufferStart)]
  }

  mutating func skip(_ count: UInt64, of part: String) throws { _ = try advance(count, of: part) }

  private mutating func advance(_ count: UInt64, of part: String) throws -> Int {
    guard count <= UInt64(file.size - position) else {
      throw PricingError(
        "\(file.path): \(part)", expected: "\(count) bytes from byte \(position) on",
        found: "a file of \(file.size) bytes", advice: "copy or download the file again")
    }
    defer { position += Int(count) }
    return position
  }

  mutating func number<Number: FixedWidthInteger>(_ type: Number.Type, of part: String) throws -> Number {
    let bytes = try bytes(UInt64(MemoryLayout<Number>.size), of: part)
    return bytes.reversed().reduce(into: Number(0)) { $0 = $0 << 8 | Number(truncatingIfNeeded: $1) }
  }

  /// A length, then as many bytes of UTF-8; nil of those that are longer than `most`, which are passed over.
  mutating func text(atMost most: UInt64, of part: String) throws -> String? {
    let length = try number(UInt64.self, of: part)
    guard length <= most else {
      try skip(length, of: part)
      return nil
    }
    return String(decoding: try bytes(length, of: part), as: UTF8.self)
  }
}
