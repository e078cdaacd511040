import Attention

/// One tensor as the header lists it.
public struct TensorInfo: Sendable, Equatable {
  public let name: String
  /// The type by its safetensors name; one of `ElementType`'s or `I32` except under `extra.`.
  public let dtype: String
  /// Counts, outermost first.
  public let shape: [Int]
  /// Where the tensor begins, in bytes of the uncompressed safetensors file.
  public let offset: Int
  public let byteCount: Int
  /// Zstandard frames that hold it; 0 where the container is not seekable.
  public internal(set) var frames = 0

  var range: Range<Int> { offset..<offset + byteCount }
}

/// The JSON header of a safetensors file: what tensors there are and where.
struct SafetensorsHeader: Sendable {
  /// Largest JSON header that is read, in bytes.
  static let sizeLimit = 64 << 20
  static let lengthFieldSize = 8

  /// In the order of their bytes in the file, without gap or overlap.
  let tensors: [TensorInfo]
  /// `__metadata__`.
  let metadata: [String: String]
  /// Size of the uncompressed safetensors file, in bytes.
  let contentSize: Int

  /// Checks a header's length field.
  ///
  /// - Returns: the JSON's length in bytes.
  static func length<Bytes: RandomAccessCollection>(_ field: Bytes, file: String) throws -> Int
  where Bytes.Element == UInt8, Bytes.Index == Int {
    let length = field.littleEndian(at: 0, count: lengthFieldSize)
    guard length <= sizeLimit else {
      throw TraceError(
        .headerTooLong, file: file, part: "header length", expected: "at most \(sizeLimit) bytes",
        found: "\(length)", advice: TraceError.copyAgain)
    }
    return Int(length)
  }

  init(json: [UInt8], file: String) throws {
    guard json.first == UInt8(ascii: "{") else {
      throw Self.damaged(file, "header", "a JSON object from its first byte on", "another byte")
    }
    let document: JSONValue
    do { document = try JSONReader.read(json) } catch let error as JSONError {
      throw TraceError(
        .damagedHeader, file: file, part: "header, byte \(error.offset) of its JSON",
        expected: error.expected,
        found: error.found, advice: TraceError.copyAgain)
    }
    guard case .object(let members) = document else {
      throw Self.damaged(file, "header", "a JSON object", "another JSON value")
    }
    var tensors: [TensorInfo] = []
    var metadata: [String: String] = [:]
    for (name, entry) in members {
      if name == "__metadata__" {
        metadata = try Self.metadata(entry, file: file)
      } else {
        tensors.append(try Self.tensor(name, entry, file: file, start: Self.lengthFieldSize + json.count))
      }
    }
    // Empty tensors share an offset; names make the order the same on every run.
    tensors.sort { ($0.offset, $0.byteCount, $0.name) < ($1.offset, $1.byteCount, $1.name) }
    self.contentSize = try Self.checkedEnd(of: tensors, file: file, start: Self.lengthFieldSize + json.count)
    self.tensors = tensors
    self.metadata = metadata
  }

  private static func metadata(_ entry: JSONValue, file: String) throws -> [String: String] {
    guard case .object(let members) = entry else {
      throw damaged(file, "__metadata__", "a JSON object", "another JSON value")
    }
    return try members.mapValues {
      guard case .string(let text) = $0 else {
        throw damaged(file, "__metadata__", "strings", "another JSON value")
      }
      return text
    }
  }

  private static func tensor(_ name: String, _ entry: JSONValue, file: String, start: Int) throws
    -> TensorInfo
  {
    guard case .object(let members) = entry,
      case .string(let dtype)? = members["dtype"],
      case .array(let counts)? = members["shape"],
      case .array(let ends)? = members["data_offsets"]
    else {
      throw damaged(file, name, "an object with dtype, shape and data_offsets", "another JSON value")
    }
    guard let shape = naturalNumbers(counts) else {
      throw damaged(file, name, "a shape of natural numbers", "another value")
    }
    guard let offsets = naturalNumbers(ends), offsets.count == 2, offsets[0] <= offsets[1],
      offsets[1] <= Int.max - start
    else {
      throw TraceError(
        .wrongOffsets, file: file, part: name, expected: "data_offsets [begin, end] with begin <= end",
        found: "other values", advice: TraceError.captureAgain)
    }
    let byteCount = offsets[1] - offsets[0]
    if let size = ElementType.byteCount(ofSafetensorsType: dtype) {
      guard let expected = Tensor.byteCount(shape: shape, elementSize: size) else {
        throw TraceError(
          .wrongShape, file: file, part: name, expected: "a shape whose bytes can be counted",
          found: "\(shape)",
          advice: TraceError.captureAgain)
      }
      guard byteCount == expected else {
        throw TraceError(
          .wrongOffsets, file: file, part: name, expected: "\(expected) bytes for \(dtype) \(shape)",
          found: "\(byteCount) bytes", advice: TraceError.captureAgain)
      }
    }
    return TensorInfo(
      name: name, dtype: dtype, shape: shape, offset: start + offsets[0], byteCount: byteCount)
  }

  private static func naturalNumbers(_ values: [JSONValue]) -> [Int]? {
    var numbers: [Int] = []
    for value in values {
      guard case .integer(let number) = value, number >= 0 else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  /// safetensors allows no gaps, so that a file has one layout only; returns the last tensor's end.
  private static func checkedEnd(of tensors: [TensorInfo], file: String, start: Int) throws -> Int {
    var end = start
    for tensor in tensors {
      guard tensor.offset == end else {
        throw TraceError(
          .wrongOffsets, file: file, part: tensor.name, expected: "data to begin at \(end - start)",
          found: "\(tensor.offset - start), which "
            + (tensor.offset < end ? "overlaps the tensor before" : "leaves a gap"),
          advice: TraceError.captureAgain)
      }
      end = tensor.range.upperBound
    }
    return end
  }

  private static func damaged(
    _ file: String, _ part: String, _ expected: String, _ found: String
  ) -> TraceError {
    TraceError(
      .damagedHeader, file: file, part: part, expected: expected, found: found,
      advice: TraceError.captureAgain)
  }
}
