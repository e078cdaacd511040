import Kernels
import Testing

/// Sums of table entries are held to the same entries in double precision.
@Suite struct DecodeCodesTests {
  @Test(arguments: InstructionSet.available, [2, 4, 6, 8])
  func scores(set: InstructionSet, bits: Int) throws {
    let kernels = try Kernels(set)
    for (i, subspaces) in [1, 2, 3, 5, 8, 16, 33].enumerated() {
      let (tokens, heads) = ([1, 31, 32, 33, 77, 64, 95][i], 1 + (i * 3) % 8)
      let entries = bits <= 4 ? 16 : 1 << bits
      let isPacked = bits <= 4
      var random = SeededRandom(UInt64(subspaces))
      let codes = (0..<tokens * subspaces).map { _ in random.below(1 << bits) }
      let bytes = Fenced(
        [UInt8](
          repeating: 0,
          count: CodeRows.byteCount(bits: bits, subspaces: subspaces, tokens: tokens)))
      for token in 0..<tokens {
        let (block, place) = token.quotientAndRemainder(dividingBy: CodeRows.blockTokens)
        for m in 0..<subspaces {
          let code = UInt8(codes[token * subspaces + m])
          let first = (block * subspaces + m) * (isPacked ? 16 : 32)
          bytes.pointer[first + (isPacked ? place % 16 : place)] |= isPacked && place >= 16 ? code << 4 : code
        }
      }
      let tables = Fenced(random.signed(count: heads * subspaces * entries))
      let prepared = kernels.codeTables(tables.pointer, bits: bits, subspaces: subspaces, heads: heads)
      let stride = tokens + i
      let scores = Fenced<Float>(count: (heads - 1) * stride + tokens)
      kernels.decodeScore(
        CodeRows(bytes.pointer, bits: bits, subspaces: subspaces, tokens: tokens), tables: prepared,
        into: scores.pointer, stride: stride)
      for place in 0..<scores.count {
        let (head, token) = (place / stride, place % stride)
        guard token < tokens else {
          #expect(scores.isUntouched(place))
          continue
        }
        let sum = (0..<subspaces).reduce(into: (exact: 0.0, magnitude: 0.0)) { sum, m in
          let entry = (head * subspaces + m) * entries + codes[token * subspaces + m]
          sum.exact += Double(tables.pointer[entry])
          sum.magnitude += Double(tables.pointer[entry].magnitude)
        }
        // Half a step for each rounded entry, and the rounding of a 32-bit sum.
        let step = isPacked ? Double(prepared.steps[head]) : 0
        let tolerance =
          0.501 * step * Double(subspaces) + Double(subspaces + 2) * 0x1p-24
          * (sum.magnitude + 2 * Double(subspaces))
        #expect(
          (Double(scores.pointer[place]) - sum.exact).magnitude <= tolerance,
          "\(subspaces) subspaces, head \(head), token \(token)")
      }
      #expect(scores.isIntact)
    }
  }

  /// The rounded entries themselves: sums of bytes are exact.
  @Test(arguments: InstructionSet.available)
  func sumsOfBytes(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    let (subspaces, tokens) = (CodeRows.maximumSubspaces, 33)
    // One entry of 1 among zeros: each token's code meets the highest byte everywhere.
    let tables = Fenced((0..<subspaces * 16).map { $0 % 16 == 5 ? Float(1) : 0 })
    let bytes = Fenced([UInt8](repeating: 0x55, count: 2 * subspaces * 16))
    let scores = Fenced<Float>(count: tokens)
    kernels.decodeScore(
      CodeRows(bytes.pointer, bits: 4, subspaces: subspaces, tokens: tokens),
      tables: kernels.codeTables(tables.pointer, bits: 4, subspaces: subspaces, heads: 1),
      into: scores.pointer,
      stride: tokens)
    #expect(scores.elements.allSatisfy { ($0 - Float(subspaces)).magnitude < 1e-3 })
  }
}
