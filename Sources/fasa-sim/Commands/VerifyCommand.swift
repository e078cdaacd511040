import ArgumentParser
import Experiments
import Foundation
import Kernels
import Simulator

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Replays the bundled traces in every way this machine has, and compares the bits.",
    discussion: """
      Exact results are the same bits for any instruction set, any number of threads and any machine. traces/digests.json has those of this \
      version's sources, by trace and configuration; verify replays them under each instruction set of this machine, on one thread and on all, \
      and ends with status 1 where a bit is another one.

      EXAMPLES:
        fasa-sim verify
        fasa-sim verify technical-4096.zst --isa portable --json
      """)

  @Argument(help: "Files' names of the list. (default: all)")
  var traces: [String] = []

  @Option(
    help: ArgumentHelp("The list, beside its traces. (default: the bundled one)", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var list: String?

  @Option(
    name: .customLong("isa"), parsing: .singleValue,
    help: ArgumentHelp(
      "An instruction set; repeat for several. (default: all that this machine has)", valueName: "name"))
  var instructionSets: [InstructionSet] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("Threads that compute; repeat for several. (default: 1 and all)", valueName: "threads")
  )
  var threads: [Int] = []

  @Flag(
    help: "Write down what this build gives, in place of what the list has: for whoever changes the sources.")
  var pin = false

  @OptionGroup var format: FormatOptions

  func validate() throws {
    for count in threads { try MachineOptions.check(threads: count) }
    for set in instructionSets { try set.checkAvailable() }
  }

  func run() throws {
    guard let list = list ?? PinnedReplay.bundled else {
      throw ReplayError(
        "traces/digests.json", expected: "the bundled list", found: "none",
        advice: "name one by --list, or set FASA_SIM_TRACES to the folder that holds it")
    }
    let all = ProcessInfo.processInfo.activeProcessorCount
    let verification = try Verification(
      list: list, traces: traces,
      instructionSets: instructionSets.isEmpty ? InstructionSet.available : instructionSets,
      threads: threads.isEmpty ? (all > 1 ? [1, all] : [1]) : threads)
    if pin { return try verification.pin() }
    let line = ProgressLine("verifying")
    defer { line.finish() }
    let report = try verification.run { line.update($0, of: $1) }
    line.finish()
    try format.print(json: report, rows: report.lines, document: report.document)
    if !report.isSame { throw ExitCode.failure }
  }
}
