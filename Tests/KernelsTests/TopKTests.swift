import Kernels
import Testing

/// `topK` against a sort: the largest values, ascending positions, ties to the lower position.
@Suite struct TopKTests {
  @Test(arguments: [1, 2, 3, 15, 16, 17, 100, 255, 1000, 4097])
  func distinctAndRepeatedValues(count: Int) throws {
    var random = SeededRandom(UInt64(count))
    let inputs: [[Float]] = [
      random.signed(count: count).map { $0 * 100 },
      (0..<count).map { _ in Float(random.below(5) - 2) },
      (0..<count).map { Float($0) },
      (0..<count).map { Float(-$0) },
      [Float](repeating: -2.5, count: count),
    ]
    for values in inputs {
      for k in Set([0, 1, count / 3, count / 2, count - 1, count]) { try Self.check(values, k) }
    }
  }

  @Test func zerosOfBothSignsAreEqual() throws {
    for k in 0...6 { try Self.check([-0.0, 0, -0.0, 0, -1, 1], k) }
  }

  /// Values that differ only in the bits of one radix digit, so that each of the three passes decides.
  @Test(arguments: [UInt32(0), 10, 21]) func everyRadixDigitDecides(shift: UInt32) throws {
    var random = SeededRandom(UInt64(shift))
    for sign: Float in [1, -1] {
      let values = (0..<500).map { _ in
        sign * Float(bitPattern: Float(1).bitPattern ^ UInt32(random.below(200)) << shift)
      }
      for k in [1, 7, 250, 499] { try Self.check(values.map { $0.isFinite ? $0 : 0 }, k) }
    }
  }

  @Test func extremesOfTheFormat() throws {
    let largest = Float.greatestFiniteMagnitude
    let tiny = Float.leastNonzeroMagnitude
    let values = [largest, -largest, tiny, -tiny, 0, -0.0, .leastNormalMagnitude, 1, -1, largest, -largest]
    for k in 0...values.count { try Self.check(values, k) }
  }

  @Test func aHundredThousand() throws {
    var random = SeededRandom(5)
    let values = (0..<100_000).map { _ in Float(random.below(1 << 15)) - 16384 }
    let order = values.indices.sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
    for k in [1, 256, 18_900, 99_999, 100_000] {
      try Self.check(values, k, expected: order.prefix(k).sorted().map(Int32.init))
    }
  }

  @Test func randomShapes() throws {
    var random = SeededRandom(11)
    for _ in 0..<100 {
      let count = 1 + random.below(400)
      let levels = 1 + random.below(50)
      let values = (0..<count).map { _ in Float(random.below(levels)) * 0.37 - 5 }
      try Self.check(values, random.below(count + 1))
    }
  }

  /// One scratch serves calls of any size, one after the other.
  @Test(arguments: InstructionSet.available) func scratchIsUsedAgain(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    let scratch = TopKScratch()
    for count in [300, 10, 900, 1] {
      var random = SeededRandom(UInt64(count))
      let values = random.signed(count: count)
      let out = Fenced<Int32>(count: (count + 1) / 2)
      values.withUnsafeBufferPointer { kernels.topK($0, k: out.count, into: out.pointer, scratch: scratch) }
      #expect(out.elements == Naive.topK(values, out.count))
    }
  }

  private static func check(_ values: [Float], _ k: Int, expected: [Int32]? = nil) throws {
    let expected = expected ?? Naive.topK(values, k)
    let input = Fenced(values)
    for set in InstructionSet.available {
      let out = Fenced<Int32>(count: k)
      try Kernels(set).topK(
        UnsafeBufferPointer(input.buffer), k: k, into: out.pointer, scratch: TopKScratch())
      #expect(out.elements == expected, "\(set), k \(k)")
      #expect(out.isIntact)
    }
  }
}
