import Attention
import Testing

@testable import Policies

struct RowProductsTests {
  /// Sums of rows whose width is no multiple of what is read at once, each added channel after channel.
  @Test(arguments: [1, 3, 4, 5, 8, 13]) func productsAreSumsInTheChannelsOrder(width: Int) {
    var random = SplitMix64(seed: UInt64(width), 3)
    let vector = (0..<width).map { _ in Float(random.normal()) }
    for count in [1, 4, 7] {
      let rows = (0..<count * width).map { _ in Float(random.normal()) }
      let found = rows.withUnsafeBufferPointer { rows in
        vector.withUnsafeBufferPointer { vector in
          rows.baseAddress.flatMap { start in
            vector.baseAddress.map { RowProducts.of($0, width: width, count: count) { start + $0 * width } }
          }
        }
      }
      let expected = (0..<count).map { row in
        (0..<width).reduce(Float(0)) { $0 + vector[$1] * rows[row * width + $1] }
      }
      #expect(found == expected)
    }
  }
}
