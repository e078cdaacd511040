import ArgumentParser
import Experiments
import Foundation

struct HardwareShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Prints a machine's or a kernel set's file, checked: a template for your own.",
    discussion: """
      EXAMPLES:
        fasa-sim hardware show h100-sxm
        fasa-sim hardware show a100-40gb > mine.yaml
        fasa-sim hardware show triton
      """)

  @Argument(
    help: "A bundled machine or kernel set, or a .yaml file.", completion: .machinesAndKernelSets)
  var name: String

  func run() throws {
    try HardwareLocator.checkName(name)
    // Read and checked before it is printed, so that what is printed is what would be used.
    if HardwareLocator.names(folder: "kernels").contains(name) {
      _ = try HardwareLocator.kernels(name)
      return try Output.file(text("kernels/\(name).yaml"))
    }
    _ = try HardwareLocator.machine(name)
    let isFile = name.hasSuffix(".yaml") || name.contains("/")
    try Output.file(isFile ? String(contentsOfFile: name, encoding: .utf8) : text("\(name).yaml"))
  }

  private func text(_ file: String) throws -> String {
    try String(contentsOfFile: try HardwareLocator.file(file), encoding: .utf8)
  }
}
