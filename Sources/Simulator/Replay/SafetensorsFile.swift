import Foundation
import Policies
import Traces

/// A small safetensors file of whole numbers, held in memory: what `external` reads.
struct SafetensorsFile {
  struct Tensor {
    let name: String
    let dtype: String
    let shape: [Int]
    let range: Range<Int>
  }

  /// By name.
  let tensors: [Tensor]
  /// The texts of `__metadata__`; empty where there are none.
  let metadata: [String: String]
  private let data: Data

  private struct Entry: Decodable {
    let dtype: String?
    let shape: [Int]?
    let offsets: [Int]?

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  private struct Metadata: Decodable {
    let texts: [String: String]?

    enum CodingKeys: String, CodingKey { case texts = "__metadata__" }
  }

  /// - Throws: ``ReplayError`` where the header is none or points beyond the file.
  init(data: Data, path: String) throws {
    let bytes = data.prefix(8)
    let length = bytes.enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << (8 * UInt64($1.offset)) }
    guard bytes.count == 8, length <= UInt64(data.count - 8),
      let entries = try? JSONDecoder().decode(
        [String: Entry].self, from: data.dropFirst(8).prefix(Int(length)))
    else {
      throw ReplayError(
        path, expected: "JSON lines or a safetensors file of chosen tokens", found: "neither",
        advice: "give another file")
    }
    let start = 8 + Int(length)
    self.data = data
    metadata =
      (try? JSONDecoder().decode(Metadata.self, from: data.dropFirst(8).prefix(Int(length))))?.texts ?? [:]
    tensors = try entries.filter { $0.key != "__metadata__" }.map { name, entry in
      guard let dtype = entry.dtype, let shape = entry.shape, let offsets = entry.offsets, offsets.count == 2,
        shape.allSatisfy({ (0...Int(Int32.max)).contains($0) }), offsets[0] >= 0, offsets[0] <= offsets[1],
        offsets[1] <= data.count - start,
        dtype != "I32" || GridSize.product([4] + shape) == offsets[1] - offsets[0]
      else {
        throw ReplayError(
          "\(path): tensor '\(Excerpt.of(name))'", expected: "a shape and offsets that fit the file",
          found: "others", advice: "write it again")
      }
      return Tensor(name: name, dtype: dtype, shape: shape, range: start + offsets[0]..<start + offsets[1])
    }.sorted { $0.name < $1.name }
  }

  /// The numbers of an I32 tensor.
  func int32(_ tensor: Tensor) -> [Int32] {
    let bytes = [UInt8](
      data[data.startIndex + tensor.range.lowerBound..<data.startIndex + tensor.range.upperBound])
    return stride(from: 0, to: bytes.count, by: 4).map { index in
      Int32(bitPattern: (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[index + $1]) << (8 * UInt32($1)) })
    }
  }
}
