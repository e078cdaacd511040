import Kernels
import Testing

@Suite struct MachineKernelsTests {
  /// The largest float's bits: any one that is skipped would be missed when it is the largest.
  @Test(arguments: InstructionSet.available) func readAllReadsEveryWord(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    for words in [64, 128, 1024] {
      for place in stride(from: 0, to: words, by: 13) {
        let data = Fenced([Float](repeating: 0, count: words))
        data.pointer[place] = 3
        #expect(kernels.readAll(data.raw) == UInt64(Float(3).bitPattern))
      }
    }
    #expect(kernels.readAll(UnsafeRawBufferPointer(start: nil, count: 0)) == 0)
  }

  /// A round is the same work whatever their number, in whole vectors of this instruction set.
  @Test(arguments: InstructionSet.available) func multiplyAddsCountsWhatItDoes(set: InstructionSet) throws {
    let kernels = try Kernels(set)
    let one = kernels.multiplyAdds(rounds: 1)
    let lanes = [InstructionSet.portable: 1, .neon: 4, .avx2: 8, .avx512: 16][set] ?? 0
    #expect(one > 0 && one % (2 * lanes) == 0)
    #expect(kernels.multiplyAdds(rounds: 1000) == 1000 * one)
    #expect(kernels.multiplyAdds(rounds: 0) == 0)
  }
}
