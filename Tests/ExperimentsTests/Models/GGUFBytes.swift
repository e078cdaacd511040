import Foundation

/// Writes the part of a GGUF file that stands before the weights.
struct GGUFBytes {
  enum Value {
    case count(UInt32)
    case number(Float)
    case text(String)
    case counts([UInt32])
    case flags([Bool])
    case texts([String])
  }

  var version: UInt32 = 3
  var fields: [(String, Value)]
  var tensors: [(name: String, shape: [UInt64], type: UInt32)]

  var data: Data {
    var data = Data("GGUF".utf8)
    append(version, to: &data)
    append(UInt64(tensors.count), to: &data)
    append(UInt64(fields.count), to: &data)
    for (name, value) in fields {
      append(name, to: &data)
      append(value, to: &data)
    }
    for tensor in tensors {
      append(tensor.name, to: &data)
      append(UInt32(tensor.shape.count), to: &data)
      for side in tensor.shape { append(side, to: &data) }
      append(tensor.type, to: &data)
      append(UInt64(0), to: &data)
    }
    return data
  }

  private func append(_ value: some FixedWidthInteger, to data: inout Data) {
    withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
  }

  private func append(_ text: String, to data: inout Data) {
    append(UInt64(text.utf8.count), to: &data)
    data.append(contentsOf: text.utf8)
  }

  private func append(_ value: Value, to data: inout Data) {
    func list(_ type: UInt32, _ count: Int) {
      append(UInt32(9), to: &data)
      append(type, to: &data)
      append(UInt64(count), to: &data)
    }
    switch value {
    case .count(let count):
      append(UInt32(4), to: &data)
      append(count, to: &data)
    case .number(let number):
      append(UInt32(6), to: &data)
      append(number.bitPattern, to: &data)
    case .text(let text):
      append(UInt32(8), to: &data)
      append(text, to: &data)
    case .counts(let counts):
      list(4, counts.count)
      for count in counts { append(count, to: &data) }
    case .flags(let flags):
      list(7, flags.count)
      for flag in flags { append(UInt8(flag ? 1 : 0), to: &data) }
    case .texts(let texts):
      list(8, texts.count)
      for text in texts { append(text, to: &data) }
    }
  }
}
