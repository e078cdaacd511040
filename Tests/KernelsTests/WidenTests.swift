import Attention
import Kernels
import Testing

/// Widening changes no value: every pattern of both 16-bit formats, subnormals and infinities included.
@Suite struct WidenTests {
  static let patterns = Array(UInt16.min...UInt16.max)

  @Test(arguments: InstructionSet.available, [ElementType.f16, .bf16])
  func everyPatternKeepsItsValue(set: InstructionSet, element: ElementType) throws {
    let (stored, out) = (Fenced(Self.patterns), Fenced<Float>(count: Self.patterns.count))
    try Kernels(set).widen(stored.raw, element: element, into: out.buffer)
    #expect(out.isIntact)
    let wrong = Self.patterns.filter { pattern in
      let expected = Naive.widen(pattern, element)
      let found = out.pointer[Int(pattern)]
      return expected.isNaN ? !found.isNaN : found.bitPattern != expected.bitPattern
    }
    #expect(wrong.isEmpty)
  }

  /// Where formats carry a NaN's payload, the instruction sets do it alike.
  @Test(arguments: InstructionSet.available, [ElementType.f16, .bf16])
  func everyPatternHasTheBitsOfThePortableKernel(set: InstructionSet, element: ElementType) throws {
    let stored = Fenced(Self.patterns)
    let (expected, found) = (Fenced<Float>(count: 65536), Fenced<Float>(count: 65536))
    try Kernels(.portable).widen(stored.raw, element: element, into: expected.buffer)
    try Kernels(set).widen(stored.raw, element: element, into: found.buffer)
    let wrong = Self.patterns.filter {
      found.pointer[Int($0)].bitPattern != expected.pointer[Int($0)].bitPattern
    }
    #expect(wrong.isEmpty)
  }

  @Test(arguments: InstructionSet.available, ElementType.allCases)
  func everyCountWritesExactlyThatMany(set: InstructionSet, element: ElementType) throws {
    let kernels = try Kernels(set)
    for count in 0...67 {
      let stored = Stored(element, count: count, seed: UInt64(count))
      let out = Fenced<Float>(count: count)
      kernels.widen(stored.bytes.raw, element: element, into: out.buffer)
      #expect(out.elements == stored.floats)
      #expect(out.isIntact)
    }
  }

  @Test func elementsHaveTheSizeOfTheirFormat() {
    #expect(ElementType.allCases.map(\.byteCount) == [2, 2, 4])
  }
}
