import Foundation
import Kernels
import Testing

@testable import Machine

@Suite struct HostMachineTests {
  @Test func thisMachineIsPlausible() throws {
    let machine = HostMachine.current
    #expect(!machine.processor.isEmpty && machine.processor == machine.processor.trimmed)
    #expect((1...4096).contains(machine.cores))
    #expect(machine.memoryBytes > 64 << 20)
    if let cache = machine.lastLevelCacheBytes { #expect((64 << 10...16 << 30).contains(cache)) }
    #expect(machine.instructionSets == InstructionSet.available)
    #expect(machine.instructionSets.contains(.portable))
  }

  @Test func itIsTheSameAfterJSON() throws {
    let data = try JSONEncoder().encode(HostMachine.current)
    #expect(try JSONDecoder().decode(HostMachine.self, from: data) == .current)
  }
}

extension String {
  fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
