import ArgumentParser
import Attention
import Experiments
import Foundation
import Simulator
import Traces

struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Says what a trace or a profile holds, and checks it.",
    discussion: """
      EXAMPLES:
        fasa-sim info traces/prose-8192.zst
        fasa-sim info traces/prose-8192.zst --verify --json
        fasa-sim info profiles/smollm2-135m-instruct.json
      """)

  @Argument(
    help:
      "A trace: seekable zstd, any other zstd stream, or a bare safetensors file; or a calibration profile (.json).",
    completion: .file(extensions: ["zst", "safetensors", "json"]))
  var trace: String

  @Flag(
    help: """
      Decompress every frame, check every checksum and value, and compare our attention with the engine's own \
      output where the trace holds it.
      """)
  var verify = false

  @OptionGroup var format: FormatOptions

  @OptionGroup var machine: MachineOptions

  func run() throws {
    if trace.hasSuffix(".json") {
      let profile = ProfileDescription(try LoadedProfile(path: trace))
      return try format.print(json: profile, rows: [profile], document: profile.document)
    }
    let trace = try Trace(path: trace)
    var agreement: EngineAgreement?
    if verify {
      let line = ProgressLine("verifying")
      try trace.verify(threads: machine.threads) { line.update(Int($0 * 1000), of: 1000) }
      line.finish()
      // What these kernels cannot compute says nothing against the trace.
      do {
        agreement = try EngineAgreement.measure(
          trace, options: CalibrationOptions(threads: machine.threads, instructionSet: machine.instructionSet)
        )
      } catch let error as ReplayError {
        Output.note("the engine's output was not compared: \(error)")
      }
    }
    let info = TraceInfo(trace, digest: try trace.digest(), isVerified: verify, agreement: agreement)
    try format.print(json: info, rows: info.tensors, document: info.document)
  }
}
