import Kernels
import Testing

/// Scores of low-bit rows are held to the same rounded queries in double precision.
@Suite struct DecodeLowBitTests {
  /// Relative to the magnitudes that are added: one rounding of the scaled product, and one of each sum.
  static let tolerance = 3 * 0x1p-24

  @Test(arguments: InstructionSet.available, [2, 4, 8])
  func scores(set: InstructionSet, bits: Int) throws {
    let kernels = try Kernels(set)
    for (i, width) in [8, 64, 72, 96, 128, 256, 104].enumerated() {
      let (count, heads) = ([1, 15, 17, 64, 65, 131, 33][i], 1 + i)
      let codeBytes = width * bits / 8
      let rowBytes = LowBitRows.rowBytes(width: width, bits: bits)
      var random = SeededRandom(UInt64(width))
      let scales = Stored(.f16, count: 2 * count, seed: UInt64(bits))
      let rows = Fenced<UInt8>(count: count * rowBytes)
      for place in 0..<rows.count {
        let (row, byte) = (place / rowBytes, place % rowBytes)
        rows.pointer[place] =
          byte < codeBytes
          ? UInt8(random.below(256)) : scales.bytes.pointer[row * 4 + byte - codeBytes]
      }
      let queries = Fenced(random.signed(count: heads * width))
      let rounded = kernels.roundQueries(queries.pointer, width: width, heads: heads)
      let lowBit = LowBitRows(rows.pointer, bits: bits, width: width, count: count)
      let list = Fenced((0..<count).map { Int32(($0 * 7 + 3) % count) })
      let stride = count + i
      for isListed in [false, true] {
        let scores = Fenced<Float>(count: (heads - 1) * stride + count)
        if isListed {
          kernels.decodeScore(
            lowBit, list: UnsafeBufferPointer(list.buffer), queries: rounded, into: scores.pointer,
            stride: stride)
        } else {
          kernels.decodeScore(lowBit, queries: rounded, into: scores.pointer, stride: stride)
        }
        for place in 0..<scores.count {
          let (head, column) = (place / stride, place % stride)
          guard column < count else {
            #expect(scores.isUntouched(place))
            continue
          }
          let row = isListed ? Int(list.pointer[column]) : column
          var (products, sum) = (0, 0)
          for channel in 0..<width {
            let byte = Int(rows.pointer[row * rowBytes + channel % codeBytes])
            let code = byte >> (channel / codeBytes * bits) & (1 << bits - 1)
            products += code * Int(rounded.codes[head * width + channel])
            sum += Int(rounded.codes[head * width + channel])
          }
          let step = Double(rounded.scales[head])
          let scaled = step * Double(scales.floats[2 * row]) * Double(products)
          let offset = step * Double(scales.floats[2 * row + 1]) * Double(sum)
          #expect(
            (Double(scores.pointer[place]) - scaled - offset).magnitude
              <= Self.tolerance * (scaled.magnitude + offset.magnitude),
            "\(width) channels, head \(head), row \(row)")
        }
        #expect(scores.isIntact)
      }
    }
  }

  @Test(arguments: InstructionSet.available)
  func rounding(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    var random = SeededRandom(9)
    let queries = random.signed(count: 2 * 72) + [Float](repeating: 0, count: 72)
    let rounded = kernels.roundQueries(queries, width: 72, heads: 3)
    for (place, query) in queries.enumerated() {
      let step = rounded.scales[place / 72]
      #expect((Float(rounded.codes[place]) * step - query).magnitude <= 0.5001 * step)
    }
    #expect(rounded.codes.prefix(72).contains { $0.magnitude == 127 })
    #expect(rounded.scales[2] == 0)
  }
}
