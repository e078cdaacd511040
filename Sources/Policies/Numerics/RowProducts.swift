/// Products of a vector with rows of numbers, each summed channel after channel.
enum RowProducts {
  /// Four rows at a time, since the sum of a single one waits for itself at every channel.
  ///
  /// - Parameters:
  ///   - vector: `[width]`.
  ///   - row: of some of `count`, `[width]`.
  static func of(
    _ vector: UnsafePointer<Float>, width: Int, count: Int, row: (Int) -> UnsafePointer<Float>
  ) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(count)
    var next = 0
    while next + 4 <= count {
      let (a, b, c, d) = (row(next), row(next + 1), row(next + 2), row(next + 3))
      var sums = SIMD4<Float>(repeating: 0)
      var channel = 0
      // Four channels are read of each row at once, and turned about in registers.
      while channel + 4 <= width {
        let (own, others) = (four(a + channel), four(b + channel))
        let (third, last) = (four(c + channel), four(d + channel))
        for place in 0..<4 {
          sums += vector[channel + place] * SIMD4(own[place], others[place], third[place], last[place])
        }
        channel += 4
      }
      while channel < width {
        sums += vector[channel] * SIMD4(a[channel], b[channel], c[channel], d[channel])
        channel += 1
      }
      for lane in 0..<4 { result.append(sums[lane]) }
      next += 4
    }
    while next < count {
      let own = row(next)
      var sum: Float = 0
      for channel in 0..<width { sum += vector[channel] * own[channel] }
      result.append(sum)
      next += 1
    }
    return result
  }

  private static func four(_ numbers: UnsafePointer<Float>) -> SIMD4<Float> {
    UnsafeRawPointer(numbers).loadUnaligned(as: SIMD4<Float>.self)
  }
}
