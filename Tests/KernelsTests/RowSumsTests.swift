import Kernels
import Testing

/// `rowSums`: a chain of additions per tile of 256 tokens, the tiles' sums added in ascending order.
@Suite struct RowSumsTests {
  @Test(arguments: [0, 1, 2, 255, 256, 257, 511, 512, 513, 1000], [1, 3, 4, 5, 8, 11])
  func rows(tokens: Int, rows: Int) throws {
    let stride = tokens + 3
    var random = SeededRandom(UInt64(tokens * 100 + rows))
    let weights = Fenced(random.signed(count: (rows - 1) * stride + tokens))
    let expected = (0..<rows).map { row in
      Sum.tiled(0..<tokens) { (weights.pointer[row * stride + $0], 1) }
    }
    for set in InstructionSet.available {
      let sums = Fenced<Float>(count: rows)
      try Kernels(set).rowSums(
        weights.pointer, stride: stride, rows: rows, tokens: tokens, into: sums.pointer)
      #expect(sums.elements == expected.map(\.ordered), "\(set)")
      #expect(zip(expected, sums.elements).allSatisfy { $0.isWithinTolerance($1) }, "\(set)")
      #expect(sums.isIntact)
    }
  }

  /// 2^24 + 1 is lost in one chain and kept where the ones are summed in a tile of their own.
  @Test(arguments: InstructionSet.available) func tilesAreSummedApart(set: InstructionSet) throws {
    var weights = [Float](repeating: 0, count: 512)
    weights[0] = 0x1p24
    for token in 256..<260 { weights[token] = 1 }
    var sum: Float = 0
    try Kernels(set).rowSums(weights, stride: 512, rows: 1, tokens: 512, into: &sum)
    #expect(sum == 0x1p24 + 4)
  }
}
