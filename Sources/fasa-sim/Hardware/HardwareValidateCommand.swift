import ArgumentParser
import Experiments
import Foundation
import Hardware
import Kernels

struct HardwareValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Predicts measurements that the model's parameters did not see, and tells how far off it is.",
    discussion: """
      Each kernel is fitted to one part of the measurements and predicts another: lengths up to 16K and then longer ones; \
      all batch sizes but one; one machine and then another, of which only the data sheet and its fixed cost are known. \
      Fitted and predicted measurements never overlap.

      Your own: a CSV with the columns \(MeasurementTable.columns.joined(separator: ",")) \
      (times of one step of one layer; rank_r and top_k empty for dense attention), and a description whose field \
      'device' is what the column device says.

      EXAMPLES:
        fasa-sim hardware validate
        fasa-sim hardware validate --kernel sparq-attn-triton --cases
        fasa-sim hardware validate --measurements mine.csv --machine mine.yaml --json
        fasa-sim hardware validate --fit a100-40gb --kernel sparq-attn-triton
      """)

  @Option(
    help: ArgumentHelp("Table of measurements; the bundled one by default.", valueName: "file.csv"),
    completion: .file(extensions: ["csv"]))
  var measurements: String?

  @Option(
    help: ArgumentHelp("Descriptions beside the bundled ones; repeat.", valueName: "name"),
    completion: .file())
  var machine: [String] = []

  @Option(
    help: ArgumentHelp("Kernels to validate, such as sparq-attn-triton; all by default.", valueName: "name"))
  var kernel: [String] = []

  @Option(
    help: ArgumentHelp(
      "Print the kernel set that all measurements of this machine fit best, as YAML.", valueName: "name"))
  var fit: String?

  @Flag(
    name: .customLong("no-local"),
    help: "Leave out this machine's own kernels, which take a minute or two to measure.")
  var noLocal = false

  @OptionGroup var threads: MachineOptions

  @Flag(help: "List every prediction beside its measurement.")
  var cases = false

  @OptionGroup var format: FormatOptions

  func run() throws {
    let table = try MeasurementTable(path: try measurements ?? HardwareLocator.file("measurements/sparq.csv"))
    let machines = try HardwareLocator.machines() + machine.map(HardwareLocator.machine)
    let validation = Validation(table, machines: machines)
    guard !validation.devices.isEmpty else {
      throw HardwareError(
        "\(table.path): expected a device that a description's field 'device' names, found \(Set(table.rows.map(\.device)).sorted().joined(separator: ", ")); give a description with --machine"
      )
    }
    let unknown = kernel.filter { !(validation.pairs.map(\.sparse) + validation.denseKernels).contains($0) }
    guard unknown.isEmpty else {
      throw HardwareError(
        "--kernel \(unknown.joined(separator: ", ")): expected \((validation.denseKernels + validation.pairs.map(\.sparse)).joined(separator: ", "))"
      )
    }
    if let fit { return try printFit(validation, try HardwareLocator.machine(fit)) }
    let outcomes = outcomes(validation)
    // A user's own measurements, or some kernels, are asked about alone.
    let isWhole = measurements == nil && kernel.isEmpty
    let report = ValidationReport(
      table: table, outcomes: outcomes, listsCases: cases, claim: isWhole ? try ClaimReport(.fasaC) : nil,
      quest: isWhole ? try QuestReport() : nil,
      local: isWhole && !noLocal ? LocalValidation(measured: try measured()) : nil)
    try format.print(json: report.json, text: report.text)
  }

  private func measured() throws -> LocalMeasurement {
    let line = ProgressLine("measuring this machine")
    defer { line.finish() }
    return LocalMeasurement(kernels: try Kernels(threads.instructionSet), threads: threads.threads) {
      line.update($0, of: $1)
    }
  }

  private func isWanted(_ name: String) -> Bool { kernel.isEmpty || kernel.contains(name) }

  private func outcomes(_ validation: Validation) -> [Validation.Outcome] {
    let dense = validation.denseKernels.filter(isWanted).flatMap {
      validation.outcomes(sparse: nil, dense: $0)
    }
    let sparse = validation.pairs.filter { isWanted($0.sparse) }.flatMap {
      validation.outcomes(sparse: $0.sparse, dense: $0.dense)
    }
    return dense + sparse
  }

  private func printFit(_ validation: Validation, _ machine: HardwareDescription) throws {
    let pairs = validation.pairs.filter { isWanted($0.sparse) }
    guard let device = machine.device, validation.devices.contains(device), !pairs.isEmpty else {
      throw HardwareError(
        "--fit \(machine.name): the table has no measurements of it and of the kernels asked for")
    }
    for pair in pairs {
      let set = validation.fitted(sparse: pair.sparse, dense: pair.dense, device: device)
      try Output.text(
        KernelSetText(
          set: set, name: pair.sparse, dense: pair.dense, machine: machine,
          data: measurements ?? "measurements/sparq.csv", validation: validation
        ).yaml)
    }
  }
}
