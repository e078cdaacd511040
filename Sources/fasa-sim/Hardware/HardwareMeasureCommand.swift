import ArgumentParser
import Experiments
import Foundation
import Kernels
import Pricing
import Traces

struct HardwareMeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract:
      "Measures this machine and writes its description, with the kernels' parameters and their error.",
    discussion: """
      Bandwidth of memory and caches, the latency of a load, the multiply-add peak, and this project's decode kernels at \
      several shapes; parameters are fitted to some shapes and predict others, whose error the file states. About a minute; leave the machine alone.

      EXAMPLES:
        fasa-sim hardware measure -o local.yaml
        fasa-sim model --hardware local.yaml
      """)

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("File to write; standard output by default.", valueName: "file.yaml"),
    completion: .file(extensions: ["yaml"]))
  var output: String?

  @OptionGroup var machine: MachineOptions

  func run() throws {
    // The place is tried before a minute is spent.
    if let output { try Self.checkPlace(output) }
    let file = try output.map { try OutputFile(path: $0) }
    let line = ProgressLine("measuring this machine", expected: 60)
    let measured = MachineFit(kernels: try Kernels(machine.instructionSet), threads: machine.threads) {
      line.update($0, of: $1)
    }
    line.finish()
    let yaml = try "# Measured on this machine by fasa-sim hardware measure.\n" + measured.machine.yaml()
    guard let output, let file else { return try Output.file(yaml) }
    try file.write(yaml)
    try file.publish()
    let error = measured.error
    try Output.text(
      "\(output): \(measured.machine.title); held-out kernels within \(NumberText.percent(error.median)) (median), "
        + "\(NumberText.percent(error.p90)) (90 %)")
  }

  private static func checkPlace(_ path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw PricingError(
        path, expected: "a folder that can be written to", found: "none", advice: "name another file")
    }
  }
}
