import Kernels

/// How alike each of some keys is to the others, as R-KV's authors have it.
struct KeyLikeness {
  let width: Int
  let kernels: Kernels

  /// Cosines of so many keys with all others are held at a time.
  private static let blockRows = 48
  /// Two keys whose cosine is above this are near copies.
  private static let copy: Float = 0.5

  /// Softmax over the tokens of the mean of the others' cosines with each. Every key leaves out the latest of its near
  /// copies, so that of several alike the last one is not held against itself, and the first token where it has none.
  ///
  /// - Parameter key: of length 1, `[width]`.
  /// - Complexity: O(n² · width).
  func of(_ tokens: [Int], key: (_ token: Int) -> UnsafePointer<Float>) -> [Float] {
    let n = tokens.count
    if n == 0 { return [] }
    let rows = FloatBuffer(count: n * width)
    for (place, token) in tokens.enumerated() {
      (rows.pointer + place * width).update(from: key(token), count: width)
    }
    let packed = kernels.packKeys(
      UnsafeRawBufferPointer(start: rows.pointer, count: n * width * 4), element: .f32, tokens: n,
      channels: width)
    let stride = KeyPanels.paddedTokens(n)
    let cosines = FloatBuffer(count: Self.blockRows * stride)
    let channels = (0..<Int32(width)).map { $0 }
    var sums = Array(repeating: 0.0, count: n)
    for start in Swift.stride(from: 0, to: n, by: Self.blockRows) {
      let count = min(Self.blockRows, n - start)
      kernels.score(
        queries: rows.pointer + start * width, rows: count, keys: packed, channelList: channels,
        tokens: 0..<n, into: cosines.pointer, stride: stride)
      for index in 0..<count { add(cosines.pointer + index * stride, row: start + index, to: &sums) }
    }
    var result = sums.map { Float($0 / Double(n)) }
    kernels.softmax(&result)
    return result
  }

  private func add(_ cosines: UnsafePointer<Float>, row: Int, to sums: inout [Double]) {
    let forgiven = sums.indices.last { $0 != row && cosines[$0] > Self.copy } ?? 0
    let (first, second) = (min(row, forgiven), max(row, forgiven))
    sums.withUnsafeMutableBufferPointer { sums in
      for others in [0..<first, min(first + 1, second)..<second, second + 1..<sums.count] {
        for other in others { sums[other] += Double(cosines[other]) }
      }
    }
  }
}
