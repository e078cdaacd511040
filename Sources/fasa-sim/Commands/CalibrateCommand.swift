import ArgumentParser
import Experiments
import Foundation
import Policies
import Simulator
import Traces

struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Measures what calibrated policies need of a model's heads, and writes a profile.",
    discussion: """
      Measured on the decode steps of each trace: contextual agreement per layer, query head and chunk (fasa), and head \
      statistics: principal axes of the keys (loki), channels that matter (double-sparsity), query centres \
      (triattention), the mass on far tokens (duo-attention), and the λ that skips a share of tiles (skip-softmax). Score a \
      policy on other texts than those that calibrated it: replay refuses a profile made from the trace's own text.

      EXAMPLES:
        fasa-sim calibrate calibration.zst -o profiles/my-model.json
        fasa-sim calibrate a.zst b.zst --window 128,256 -o profiles/my-model.json
      """)

  @Argument(help: "Traces to calibrate on, of one model.", completion: .trace)
  var traces: [String]

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Profile to write.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var output: String

  @Option(help: ArgumentHelp("K of contextual agreement, one or more.", valueName: "k,…"))
  var window: NumberList = NumberList([256])

  @Option(help: "What a chunk is: the rotation pairs, or adjacent channels as FASA's released code slices.")
  var pairing: ContextualAgreement.Slices = .rope

  @Option(
    help: ArgumentHelp(
      "Layers to calibrate, such as 0-3,7; all captured ones by default.", valueName: "layers"))
  var layers: NumberList?

  @Flag(help: "Replace the profile if there is one.")
  var force = false

  @OptionGroup var machine: MachineOptions

  func validate() throws {
    guard window.ranges.ranges.first?.lowerBound != 0 else {
      throw ValidationError("--window 0: expected 1 or more")
    }
    _ = try window.numbers(of: "--window")
  }

  func run() throws {
    try OutputPlace(output).refuseTaken(force: force)
    // The place is tried before the work is done.
    let file = try OutputFile(path: output)
    let profiles = try traces.map { path in
      let line = ProgressLine("calibrating on \(path)")
      defer { line.finish() }
      let trace = try Trace(path: path)
      return try Calibration(trace).run(
        CalibrationOptions(
          layers: ReplayPlan.layers(layers?.ranges, of: trace), windows: window.numbers(of: "--window"),
          slices: pairing, threads: machine.threads,
          instructionSet: machine.instructionSet, progress: { line.update($0, of: $1) }))
    }
    let profile = try CalibrationProfile.merging(profiles)
    try file.write(profile.encoded())
    try file.publish()
    try Output.text(
      "\(output): \(profile.model.name), \(profile.layers.count) layer profiles over \(profile.texts.map(\.title).joined(separator: "; "))"
        .onOneLine)
  }
}

extension ContextualAgreement.Slices: ExpressibleByArgument {}
