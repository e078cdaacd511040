import Foundation

/// A JSON document as read by `JSONReader`.
package enum JSONValue {
  case null
  case bool(Bool)
  /// A number without fraction or exponent that an Int holds.
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])
}

/// Why a document is no JSON that a trace may hold.
package struct JSONError: Error, Equatable {
  package let expected: String
  package let found: String
  /// Bytes from the document's start.
  package let offset: Int
}

/// Reads JSON that nobody vouches for.
///
/// Foundation's decoder recurses as deep as the document says and takes the last of two equal keys, so
/// a trace's header goes through this one: strict RFC 8259, at most `depthLimit` deep, at most
/// `valueLimit` values (a header of 64 MiB could ask for gigabytes of small ones), no duplicate keys.
///
/// - Complexity: one pass. What later compares or converts is bounded: keys by `keyLimit`, since comparing text
///   normalises it, numbers by `numberLimit`.
package struct JSONReader {
  static let depthLimit = 64
  static let valueLimit = 1 << 20
  /// UTF-8 bytes of a key.
  static let keyLimit = 1024
  /// Characters of a number.
  static let numberLimit = 1024

  private let bytes: [UInt8]
  private var position = 0
  private var values = 0

  package static func read(_ bytes: [UInt8]) throws -> JSONValue {
    var reader = JSONReader(bytes: bytes)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.position == bytes.count else { throw reader.error("the document's end") }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func value(depth: Int) throws -> JSONValue {
    skipSpace()
    values += 1
    if depth > Self.depthLimit { throw error("nesting of at most \(Self.depthLimit) levels", "more") }
    if values > Self.valueLimit { throw error("at most \(Self.valueLimit) values", "more") }
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  private mutating func object(depth: Int) throws -> JSONValue {
    var members: [String: JSONValue] = [:]
    position += 1
    skipSpace()
    if take("}") { return .object(members) }
    repeat {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw error("a key in quotes") }
      let start = position
      let key = try string()
      guard key.utf8.count <= Self.keyLimit else {
        throw JSONError(
          expected: "keys of at most \(Self.keyLimit) bytes", found: "\(key.utf8.count)", offset: start)
      }
      skipSpace()
      guard take(":") else { throw error("\":\"") }
      if members.updateValue(try value(depth: depth + 1), forKey: key) != nil {
        throw JSONError(expected: "keys that differ", found: "\"\(key)\" twice", offset: start)
      }
      skipSpace()
    } while take(",")
    guard take("}") else { throw error("\",\" or \"}\"") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws -> JSONValue {
    var elements: [JSONValue] = []
    position += 1
    skipSpace()
    if take("]") { return .array(elements) }
    repeat {
      elements.append(try value(depth: depth + 1))
      skipSpace()
    } while take(",")
    guard take("]") else { throw error("\",\" or \"]\"") }
    return .array(elements)
  }

  private mutating func string() throws -> String {
    position += 1
    let start = position
    // Most strings have no escape, and are taken as they stand.
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      position += 1
    }
    if next == UInt8(ascii: "\"") {
      position += 1
      return try text(bytes[start..<position - 1])
    }
    var unescaped = Array(bytes[start..<position])
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return try text(unescaped[...])
      case UInt8(ascii: "\\"): try escape(into: &unescaped)
      case 0..<0x20: throw error("no control character in a string", "byte \(byte)")
      default: unescaped.append(byte)
      }
    }
    throw error("a closing quote")
  }

  private func text(_ bytes: ArraySlice<UInt8>) throws -> String {
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw error("text in UTF-8", "other bytes")
    }
    return string
  }

  private mutating func escape(into text: inout [UInt8]) throws {
    guard let byte = next else { throw error("an escaped character") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(8)
    case UInt8(ascii: "f"): text.append(12)
    case UInt8(ascii: "n"): text.append(10)
    case UInt8(ascii: "r"): text.append(13)
    case UInt8(ascii: "t"): text.append(9)
    case UInt8(ascii: "u"):
      var units = [try codeUnit()]
      if UTF16.isLeadSurrogate(units[0]), take("\\"), take("u") { units.append(try codeUnit()) }
      guard let character = String(validating: units, as: UTF16.self) else {
        throw error("a Unicode character", "half a surrogate pair")
      }
      text += character.utf8
    default: throw error("an escape of JSON")
    }
  }

  private mutating func codeUnit() throws -> UInt16 {
    var unit: UInt16 = 0
    for place in position..<position + 4 {
      guard place < bytes.count, let digit = Character(Unicode.Scalar(bytes[place])).hexDigitValue else {
        throw error("four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
    }
    position += 4
    return unit
  }

  private mutating func number() throws -> JSONValue {
    let start = position
    _ = take("-")
    if !take("0") { try digits() }
    var isInteger = true
    if take(".") {
      isInteger = false
      try digits()
    }
    if take("e") || take("E") {
      isInteger = false
      if !take("+") { _ = take("-") }
      try digits()
    }
    guard position - start <= Self.numberLimit else {
      throw error("a number of at most \(Self.numberLimit) characters", "\(position - start)")
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let integer = Int(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else {
      throw error("a number that a double holds", text)
    }
    return .number(number)
  }

  private mutating func digits() throws {
    let start = position
    while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    guard position > start else { throw error(start == 0 ? "a JSON value" : "a value or digit") }
  }

  private mutating func literal(_ text: String, _ value: JSONValue) throws -> JSONValue {
    guard bytes[position...].starts(with: text.utf8) else { throw error(text) }
    position += text.utf8.count
    return value
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private func error(_ expected: String, _ found: String? = nil) -> JSONError {
    let here = next.map { "byte \($0)" } ?? "the document's end"
    return JSONError(expected: expected, found: found ?? here, offset: position)
  }
}
