/// Sylvester's Hadamard matrix over its root, which turns a vector so that no channel stands out; it is its own inverse.
package enum HadamardRotation {
  /// Turns blocks of `width` channels, a power of two.
  static func turn(_ values: UnsafeMutablePointer<Float>, count: Int, width: Int) {
    let norm = 1 / Float(width).squareRoot()
    multiply(values, count: count, width: width)
    for i in 0..<count { values[i] *= norm }
  }

  /// The same by the matrix of ones, without its root, so that small whole numbers stay exact.
  package static func multiply(_ values: UnsafeMutablePointer<Float>, count: Int, width: Int) {
    for start in stride(from: 0, to: count, by: width) {
      let block = values + start
      var half = 1
      while half < width {
        for pair in stride(from: 0, to: width, by: 2 * half) {
          for i in pair..<pair + half {
            (block[i], block[i + half]) = (block[i] + block[i + half], block[i] - block[i + half])
          }
        }
        half *= 2
      }
    }
  }

  /// As wide as llama.cpp turns keys of so many channels: the largest power of two, of at least 64, that divides them.
  ///
  /// - Returns: Nil where it does not turn them.
  static func keyWidth(_ channels: Int) -> Int? {
    channels.isMultiple(of: 64) ? 1 << channels.trailingZeroBitCount : nil
  }

  /// Values are turned by 64 channels.
  static func valueWidth(_ channels: Int) -> Int? { channels.isMultiple(of: 64) ? 64 : nil }
}
