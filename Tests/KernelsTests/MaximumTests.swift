import Kernels
import Testing

@Suite(.serialized) struct MaximumTests {
  @Test(arguments: InstructionSet.available) func isTheLargestWhereverItStands(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    for count in [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 100] {
      var random = SeededRandom(UInt64(count))
      for place in 0..<count {
        let values = Fenced(random.signed(count: count))
        values.pointer[place] = 1.5
        #expect(kernels.maximum(UnsafeBufferPointer(values.buffer)) == 1.5)
      }
    }
  }

  @Test(arguments: InstructionSet.available) func negativeValuesAndInfinities(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    #expect([Float](repeating: -3, count: 19).withUnsafeBufferPointer(kernels.maximum) == -3)
    #expect([Float](repeating: -.infinity, count: 19).withUnsafeBufferPointer(kernels.maximum) == -.infinity)
    #expect([-3, .infinity, 2].withUnsafeBufferPointer(kernels.maximum) == .infinity)
    #expect([Float]().withUnsafeBufferPointer(kernels.maximum) == -.infinity)
  }

  /// Which zero a vector unit keeps depends on its order, so the kernel settles on one.
  @Test(arguments: InstructionSet.available) func zeroIsPositive(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    for count in [1, 2, 8, 16, 17, 40] {
      for positive in 0...count {
        var values = [Float](repeating: -0.0, count: count)
        if positive < count { values[positive] = 0 }
        #expect(values.withUnsafeBufferPointer(kernels.maximum).bitPattern == 0)
      }
    }
  }
}
