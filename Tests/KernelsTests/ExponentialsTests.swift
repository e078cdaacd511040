import Kernels
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite struct ExponentialsTests {
  /// Units in the last place. Over all 1.1e9 floats of [-87.3, 0] the worst is 1.2588, at -71.0296.
  static let tolerance = 1.26
  static let smallestArgument: Float = -87.3

  /// Every 4096th float of [-87.3, 0], which is dense near zero, steps of 2^-11, dense elsewhere, and
  /// the worst one.
  static let sweep: [Float] = {
    let patterns = stride(from: Float(-0.0).bitPattern, through: smallestArgument.bitPattern, by: 4096)
    let steps = (0...Int(-smallestArgument * 2048)).map { Float($0) * -0x1p-11 }
    return patterns.map(Float.init(bitPattern:)) + steps + [-0x1.1c1e4cp+6, smallestArgument]
  }()

  static func exponentials(_ set: InstructionSet, _ values: [Float], offset: Float = 0, scale: Float = 1)
    throws
    -> Fenced<Float>
  {
    let (input, out) = (Fenced(values), Fenced<Float>(count: values.count))
    try Kernels(set).exponentials(
      UnsafeBufferPointer(input.buffer), offset: offset, scale: scale, into: out.pointer)
    return out
  }

  @Test func errorIsBelowTheToleranceInUlps() throws {
    let found = try Self.exponentials(.best, Self.sweep)
    var worst = 0.0
    for (i, x) in Self.sweep.enumerated() {
      let exact = exp(Double(x))
      worst = max(worst, (Double(found.pointer[i]) - exact).magnitude / Double(Float(exact).ulp))
    }
    #expect(worst <= Self.tolerance)
    #expect(worst > 1.2587)
  }

  @Test(arguments: InstructionSet.available) func bitsAreThoseOfTheDocumentedSteps(set: InstructionSet) throws
  {
    let values = Self.sweep + [-87.30001, -88, -100, -1000, -.greatestFiniteMagnitude, -.infinity]
    let found = try Self.exponentials(set, values)
    #expect(found.isIntact)
    let wrong = values.indices.filter { found.pointer[$0].bitPattern != Naive.exp(values[$0]).bitPattern }
    #expect(wrong.isEmpty)
  }

  @Test(arguments: InstructionSet.available) func endsOfTheRange(set: InstructionSet) throws {
    let below = Self.smallestArgument.nextDown
    let found = try Self.exponentials(set, [0, -0.0, Self.smallestArgument, below, -200, -.infinity])
    #expect(found.elements[0...1] == [1, 1])
    #expect(found.elements[2].isNormal)
    #expect(found.elements[3...].allSatisfy { $0.bitPattern == 0 })
  }

  @Test(arguments: InstructionSet.available) func offsetThenScaleAtEveryCount(set: InstructionSet) throws {
    for count in 1...40 {
      var random = SeededRandom(UInt64(count))
      let values = random.signed(count: count).map { 40 * $0 }
      let largest = values.max() ?? 0
      let found = try Self.exponentials(set, values, offset: largest, scale: 0.125)
      #expect(found.elements == values.map { Naive.exp(($0 - largest) * 0.125) })
      #expect(found.isIntact)
    }
  }

  @Test(arguments: InstructionSet.available) func mayWriteOverItsInput(set: InstructionSet) throws {
    let values = Fenced<Float>([-1, -2, -3, 0, -0.5, -1, -2, -3, -4, -5, -6])
    let expected = values.elements.map(Naive.exp)
    try Kernels(set).exponentials(
      UnsafeBufferPointer(values.buffer), offset: 0, scale: 1, into: values.pointer)
    #expect(values.elements == expected)
  }
}
