import ArgumentParser
import Experiments

@main
struct FasaSim: ParsableCommand {
  static let version = ToolVersion.current

  static let configuration = CommandConfiguration(
    commandName: "fasa-sim",
    abstract: "Replays attention traces of real model runs through sparse-attention policies.",
    discussion: """
      EXAMPLES:
        fasa-sim study model.gguf calibration.txt book.txt
        fasa-sim replay traces/prose-8192.zst --policy fasa --budget 0.19
        fasa-sim replay traces/prose-8192.zst --policy oracle,fasa:chunks=4/8
        fasa-sim policies fasa
        fasa-sim info traces/prose-8192.zst --verify
        fasa-sim calibrate calibration.zst -o profiles/my-model.json

      EXIT STATUS: 0 done; 1 an input or a result was not as it must be; 64 a \
      command line that cannot be read; 129, 130 or 143 interrupted by a closed terminal, Ctrl-C or SIGTERM.
      """,
    version: version,
    subcommands: [
      StudyCommand.self, ReplayCommand.self, SweepCommand.self, MergeCommand.self, ExploreCommand.self,
      CompareCommand.self,
      HeadsCommand.self,
      ModelCommand.self,
      ReportCommand.self,
      ExportCommand.self, ChoicesCommand.self, AnchorsCommand.self, CalibrateCommand.self,
      ProfilesCommand.self, PoliciesCommand.self,
      HardwareCommand.self, InfoCommand.self, VerifyCommand.self,
      SynthCommand.self, BenchCommand.self,
    ])

  static func main() {
    StandardStream.prepare()
    do {
      try OpenFiles.ensure()
      let words = CommandLine.arguments.dropFirst()
      if let script = CompletionScript.asked(by: words) { return try Output.file(script + "\n") }
      try UnknownCommand.refuse(words)
      var command = try parseAsRoot()
      try command.run()
    } catch {
      Output.end(error, of: self)
    }
  }
}
