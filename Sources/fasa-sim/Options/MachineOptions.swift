import ArgumentParser
import Attention
import Foundation
import Kernels
import Simulator

/// How much of this machine a command uses.
struct MachineOptions: ParsableArguments {
  @Option(help: "Threads that compute. The results are the same bits for any number.")
  var threads: Int = ProcessInfo.processInfo.activeProcessorCount

  @Option(
    name: .customLong("isa"),
    help: ArgumentHelp(
      "Instruction set of the kernels: \(InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")). The results are the same bits for any.",
      valueName: "name"))
  var instructionSet: InstructionSet = .best

  func validate() throws {
    try Self.check(threads: threads)
    try instructionSet.checkAvailable()
  }

  static func check(threads: Int) throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads \(threads): expected 1 to 1024")
    }
  }
}

extension InstructionSet: ExpressibleByArgument {
  func checkAvailable() throws {
    guard Self.available.contains(self) else {
      throw ValidationError(
        "--isa \(rawValue) cannot run here: this processor and build have \(Self.available.map(\.rawValue).joined(separator: ", "))"
      )
    }
  }
}

/// `0-3,7` on the command line.
struct NumberList: ExpressibleByArgument {
  let ranges: NumberRanges

  init?(argument: String) {
    guard let ranges = NumberRanges(argument) else { return nil }
    self.ranges = ranges
  }
}
