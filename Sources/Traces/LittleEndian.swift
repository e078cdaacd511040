extension RandomAccessCollection where Element == UInt8, Index == Int {
  /// The little-endian number in the `count` (at most 8) bytes from `start`, counted from the first byte.
  func littleEndian(at start: Int, count: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in (0..<count).reversed() {
      value = value << 8 | UInt64(self[startIndex + start + index])
    }
    return value
  }
}

extension FixedWidthInteger {
  /// The number's bytes, lowest first.
  var littleEndianBytes: [UInt8] { withUnsafeBytes(of: littleEndian) { Array($0) } }
}
