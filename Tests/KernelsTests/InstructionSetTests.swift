import Foundation
import Kernels
import Testing

@Suite struct InstructionSetTests {
  @Test func portableIsAlwaysAvailableAndFirst() {
    #expect(InstructionSet.available.first == .portable)
  }

  /// A whole run may be asked for another set than the best one by the environment.
  @Test func bestIsTheLastAvailable() throws {
    let asked = ProcessInfo.processInfo.environment["FASA_SIM_ISA"].flatMap(InstructionSet.init)
    #expect(InstructionSet.best == asked ?? InstructionSet.available.last)
    #expect(try Kernels().instructionSet == .best)
  }

  @Test(arguments: InstructionSet.available) func kernelsAreOfTheSetAskedFor(set: InstructionSet) throws {
    #expect(try Kernels(set).instructionSet == set)
  }

  @Test func aSetThisProcessorLacksIsRefusedByName() {
    let lacking = InstructionSet.allCases.filter { !InstructionSet.available.contains($0) }
    // No processor has both AVX and NEON.
    #expect(!lacking.isEmpty)
    let found = InstructionSet.available.map(\.rawValue).joined(separator: ", ")
    for set in lacking {
      let error = #expect(throws: UnavailableInstructionSet.self) { try Kernels(set) }
      #expect(
        error?.description
          == "instruction set '\(set.rawValue)': expected one that this processor and this build have, found one that they lack; choose from \(found)"
      )
    }
  }
}
