import Attention
import Pricing
import Traces

/// What a GGUF file says before its weights: fields of metadata, and the tensors' names, shapes and types.
struct GGUFHeader {
  static let magic = Array("GGUF".utf8)

  struct Tensor {
    /// Numbers of a row first.
    let shape: [UInt64]
    let type: UInt32
  }

  let path: String
  private(set) var fields: [String: ModelValue] = [:]
  private(set) var tensors: [String: Tensor] = [:]

  /// Elements of lists that are kept so far.
  private var kept: UInt64 = 0

  /// Of names and texts, in bytes; longer ones are no fields of a model's shape.
  private static let longestText: UInt64 = 1024
  /// Elements that are kept of a list, one a layer, and of all of them together.
  private static let longestList: UInt64 = 4096
  private static let mostKept: UInt64 = 1 << 20
  private static let mostFields: UInt64 = 1 << 16
  private static let mostTensors: UInt64 = 1 << 16
  private static let mostTexts = UInt64(ModelFields.Limit.vocabulary.upperBound)

  /// - Throws: `PricingError` where it cannot be read, is no GGUF file of version 2 or 3, or ends too early.
  init(path: String) throws {
    self.path = path
    let file: InputFile
    do { file = try InputFile(path: path) } catch let error as TraceError {
      throw PricingError(error)
    }
    var reader = GGUFReader(file)
    guard Array(try reader.bytes(4, of: "magic")) == Self.magic else {
      throw PricingError(path, expected: "a GGUF file", found: "one that begins otherwise")
    }
    let version = try reader.number(UInt32.self, of: "version")
    guard version == 2 || version == 3 else {
      throw PricingError(
        "\(path): version", expected: "2 or 3, lowest byte first", found: "\(version)",
        advice: "convert the model again")
    }
    let tensorCount = try count(&reader, "tensor count", atMost: Self.mostTensors)
    let fieldCount = try count(&reader, "field count", atMost: Self.mostFields)
    for index in 0..<fieldCount { try readField(&reader, "field \(index)") }
    for index in 0..<tensorCount { try readTensor(&reader, "tensor \(index)") }
  }

  private func count(_ reader: inout GGUFReader, _ part: String, atMost most: UInt64) throws -> UInt64 {
    let count = try reader.number(UInt64.self, of: part)
    guard count <= most else {
      throw PricingError("\(path): \(part)", expected: "at most \(most)", found: "\(count)")
    }
    return count
  }

  private func name(_ reader: inout GGUFReader, _ part: String) throws -> String {
    guard let name = try reader.text(atMost: Self.longestText, of: part) else {
      throw PricingError(
        "\(path): \(part)", expected: "a name of at most \(Self.longestText) bytes", found: "a longer one")
    }
    return name
  }

  private mutating func readField(_ reader: inout GGUFReader, _ part: String) throws {
    let name = try name(&reader, part)
    let part = Excerpt.of(name)
    let type = try reader.number(UInt32.self, of: part)
    let value = type == Self.listType ? try list(&reader, part) : try scalar(&reader, type, part)
    guard fields.updateValue(value, forKey: name) == nil else {
      throw PricingError("\(path): \(part)", expected: "once", found: "twice")
    }
  }

  private static let listType: UInt32 = 9

  private mutating func list(_ reader: inout GGUFReader, _ part: String) throws -> ModelValue {
    let type = try reader.number(UInt32.self, of: part)
    let count = try reader.number(UInt64.self, of: part)
    guard let size = Self.size(type) else {
      guard type == 8 else { throw unknown(type, part) }
      guard count <= Self.mostTexts else {
        throw PricingError("\(path): \(part)", expected: "at most \(Self.mostTexts) texts", found: "\(count)")
      }
      for _ in 0..<count { try reader.skip(try reader.number(UInt64.self, of: part), of: part) }
      return .long(Int(clamping: count))
    }
    guard count <= Self.longestList, kept + count <= Self.mostKept else {
      let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
      try reader.skip(overflow ? .max : bytes, of: part)
      return .long(Int(clamping: count))
    }
    kept += count
    return .list(try (0..<count).map { _ in try scalar(&reader, type, part) })
  }

  private func scalar(_ reader: inout GGUFReader, _ type: UInt32, _ part: String) throws -> ModelValue {
    switch type {
    case 0: return .count(Int(try reader.number(UInt8.self, of: part)))
    case 1: return .count(Int(try reader.number(Int8.self, of: part)))
    case 2: return .count(Int(try reader.number(UInt16.self, of: part)))
    case 3: return .count(Int(try reader.number(Int16.self, of: part)))
    case 4: return .count(Int(try reader.number(UInt32.self, of: part)))
    case 5: return .count(Int(try reader.number(Int32.self, of: part)))
    case 6: return .number(Double(Float(bitPattern: try reader.number(UInt32.self, of: part))))
    case 7: return .flag(try reader.number(UInt8.self, of: part) != 0)
    case 8: return try reader.text(atMost: Self.longestText, of: part).map(ModelValue.text) ?? .text("")
    case 10: return .count(Int(clamping: try reader.number(UInt64.self, of: part)))
    case 11: return .count(Int(try reader.number(Int64.self, of: part)))
    case 12: return .number(Double(bitPattern: try reader.number(UInt64.self, of: part)))
    default: throw unknown(type, part)
    }
  }

  /// Bytes of a number or flag; nil of other types.
  private static func size(_ type: UInt32) -> UInt64? {
    switch type {
    case 0, 1, 7: 1
    case 2, 3: 2
    case 4...6: 4
    case 10...12: 8
    default: nil
    }
  }

  private func unknown(_ type: UInt32, _ part: String) -> PricingError {
    PricingError("\(path): \(part)", expected: "a type from 0 to 12, no list of lists", found: "\(type)")
  }

  private mutating func readTensor(_ reader: inout GGUFReader, _ part: String) throws {
    let name = try name(&reader, part)
    let part = Excerpt.of(name)
    let dimensions = try reader.number(UInt32.self, of: part)
    guard (1...4).contains(dimensions) else {
      throw PricingError("\(path): \(part)", expected: "1 to 4 dimensions", found: "\(dimensions)")
    }
    let shape = try (0..<dimensions).map { _ in try reader.number(UInt64.self, of: part) }
    let type = try reader.number(UInt32.self, of: part)
    try reader.skip(8, of: part)
    tensors[name] = Tensor(shape: shape, type: type)
  }
}
