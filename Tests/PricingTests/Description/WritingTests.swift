import Foundation
import Testing

@testable import Pricing

/// What is written is read back as the same thing.
@Suite struct WritingTests {
  private static func files(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: Machines.path(folder))) ?? [])
      .filter { $0.hasSuffix(".yaml") }.map { folder + $0 }
  }

  private func readBack(_ machine: HardwareDescription) throws -> HardwareDescription {
    var read = try HardwareDescription(yaml: machine.yaml(), file: "written")
    read.digest = machine.digest
    read.kernels?.digest = machine.kernels?.digest ?? ""
    return read
  }

  private func readBack(_ set: KernelSet) throws -> KernelSet {
    var read = try KernelSet(yaml: set.yaml(), file: "written")
    read.digest = set.digest
    return read
  }

  @Test(arguments: files(in: "")) func bundledMachines(file: String) throws {
    let machine = try HardwareDescription(path: Machines.path(file))
    #expect(try readBack(machine) == machine)
  }

  @Test(arguments: files(in: "kernels/")) func bundledKernelSets(file: String) throws {
    let set = try KernelSet(path: Machines.path(file))
    #expect(try readBack(set) == set)
  }

  @Test func whatIsOptionalMayBeMissing() throws {
    var machine = try Machines.model().machine
    machine.hostLink = nil
    machine.lastLevelCache = nil
    machine.computeUnits = nil
    machine.launchScale = 2.5
    machine.kernels = try Machines.model().kernels
    #expect(try readBack(machine) == machine)
  }

  /// Text is text, whatever it looks like, and numbers keep every digit.
  @Test(arguments: [
    "true", "1e3", "~", "a: b # c", "it's \"so\"", "- x", "[y]", "*z", "tab\there", "π – ×", " spaced ",
  ])
  func anyTextAndNumber(text: String) throws {
    var machine = try Machines.model().machine
    machine.name = text
    machine.title = text
    machine.device = text
    machine.memory.bandwidthBytesPerSecond = 1e12 / 3
    machine.memory.latencyNs = 0.1 + 0.2
    machine.memory.capacityBytes = 9_007_199_254_740_991
    #expect(try readBack(machine) == machine)
  }
}
