import Kernels

/// The values of a group, of which policies are told lengths, sums and means.
struct ValueRows {
  /// `[tokens][width]`
  private let rows: FloatBuffer
  private let width: Int

  init(_ rows: FloatBuffer, width: Int) {
    self.rows = rows
    self.width = width
  }

  /// One token's values, `[paddedChannels]`.
  subscript(token: Int) -> UnsafePointer<Float> { UnsafePointer(rows.pointer + token * width) }

  /// ‖v‖ of a token.
  func norm(_ token: Int) -> Float {
    var sum: Float = 0
    for c in 0..<width { sum += rows[token * width + c] * rows[token * width + c] }
    return sum.squareRoot()
  }

  /// ‖v‖₁ of a token.
  func absoluteSum(_ token: Int) -> Float {
    var sum: Float = 0
    for c in 0..<width { sum += abs(rows[token * width + c]) }
    return sum
  }

  /// Sum of some tokens' values, `[paddedChannels]`.
  func sum(_ tokens: [Int32]) -> [Float] {
    var sum = Array(repeating: Float(0), count: width)
    for token in tokens { for c in 0..<width { sum[c] += rows[Int(token) * width + c] } }
    return sum
  }

  /// Mean value of some tokens, `[channels]`.
  func mean(_ tokens: Range<Int>, channels: Int) -> [Float] {
    var sums = Array(repeating: 0.0, count: channels)
    for token in tokens { for c in sums.indices { sums[c] += Double(rows[token * width + c]) } }
    return sums.map { Float($0 / Double(max(tokens.count, 1))) }
  }
}
