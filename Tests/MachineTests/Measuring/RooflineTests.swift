import Attention
import Kernels
import Testing

@testable import Machine

@Suite struct RooflineTests {
  static func roofline(threads: Int = 1) -> Roofline {
    func level(_ name: String, _ bytes: Int, _ rate: Double) -> Roofline.Level {
      Roofline.Level(name: name, workingSetBytes: bytes, readBytesPerSecond: Quantity([rate]))
    }
    return Roofline(
      instructionSet: .portable, threads: threads,
      levels: [level("L1", 1000, 100), level("L2", 10_000, 50), level("memory", 1_000_000, 10)],
      operationsPerSecond: Quantity([1000]))
  }

  @Test(arguments: [(10, 100.0), (1500, 100), (1501, 50), (15_000, 50), (15_001, 10), (1 << 40, 10)])
  func aWorkingSetIsReadFromTheNearestLevelThatHoldsIt(bytes: Int, rate: Double) {
    #expect(Self.roofline().readBytesPerSecond(workingSetBytes: bytes) == rate)
  }

  @Test func theFloorIsTheLongerOfReadingAndComputing() {
    let roofline = Self.roofline()
    #expect(roofline.memory.median == 10)
    #expect(roofline.floor(bytes: 50, bytesPerSecond: 10, operations: 1000) == 5)
    #expect(roofline.floor(bytes: 50, bytesPerSecond: 100, operations: 1000) == 1)
  }

  @Test func thisMachineHasAPeakAndMemory() throws {
    let kernels = try Kernels()
    let measured = Roofline.measure(kernels, threads: 2)
    #expect(measured.threads == 2 && measured.instructionSet == kernels.instructionSet)
    #expect(measured.levels.map(\.name).last == "memory")
    #expect(measured.levels.count == HostMachine.current.dataCaches.count + 1)
    #expect(
      measured.levels.allSatisfy { $0.readBytesPerSecond.median > 0 && $0.readBytesPerSecond.median.isFinite }
    )
    #expect(measured.operationsPerSecond.median > 0)
    #expect(
      zip(measured.levels, measured.levels.dropFirst()).allSatisfy { $0.workingSetBytes < $1.workingSetBytes }
    )
  }
}
