import ArgumentParser
import Experiments
import Kernels
import Pricing

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

      Bundled kernel sets are held against three more tables, with nothing fitted: times of dense kernels \
      (\(HardwareValidation.denseColumns)), of stages of sparse attention, and published times of kernels and whole \
      steps, as hardware/measurements holds them. A table of your own with the columns of one of them is held against \
      the bundled sets too; it may be compressed (.csv.zst).

      EXAMPLES:
        fasa-sim hardware validate
        fasa-sim hardware validate --kernel sparq-attn-triton --cases
        fasa-sim hardware validate --measurements mine.csv --machine mine.yaml --json
        fasa-sim hardware validate --measurements decode-attention.csv.zst
        fasa-sim hardware validate --fit a100-40gb --kernel sparq-attn-triton
      """)

  @Option(
    help: ArgumentHelp("Table of measurements; the bundled ones by default.", valueName: "file.csv"),
    completion: .file(extensions: ["csv", "zst"]))
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
    let validation = try HardwareValidation(measurements: measurements, machines: machine, kernels: kernel)
    if let fit {
      let method =
        "least squares on the logarithm of times, soft absolute loss (fasa-sim hardware validate --fit)"
      for set in try validation.fitted(HardwareLocator.machine(fit), method: method) { try Output.file(set) }
      return
    }
    let local = validation.isWhole && !noLocal ? try measured() : nil
    let report = try validation.report(listsCases: cases, local: local)
    try format.print(json: report.json, rows: report.rows, document: report.document)
  }

  private func measured() throws -> MachineFit {
    let line = ProgressLine("measuring this machine", expected: 60)
    defer { line.finish() }
    return MachineFit(kernels: try Kernels(threads.instructionSet), threads: threads.threads) {
      line.update($0, of: $1)
    }
  }
}
