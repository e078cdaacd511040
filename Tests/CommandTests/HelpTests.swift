import ArgumentParser
import TestSupport
import Testing

@testable import Experiments
@testable import fasa_sim

@Suite struct HelpTests {
  @Test func theRootsHelpIsThisText() {
    let expected = """
      OVERVIEW: Replays attention traces of real model runs through sparse-attention policies.

      EXAMPLES:
        fasa-sim study model.gguf calibration.txt book.txt
        fasa-sim replay traces/prose-8192.zst --policy fasa --budget 0.19
        fasa-sim replay traces/prose-8192.zst --policy oracle,fasa:chunks=4/8
        fasa-sim policies fasa
        fasa-sim info traces/prose-8192.zst --verify
        fasa-sim calibrate calibration.zst -o profiles/my-model.json

      EXIT STATUS: 0 done; 1 an input or a result was not as it must be; 64 a command line that cannot be read; 129, 130 or
      143 interrupted by a closed terminal, Ctrl-C or SIGTERM.

      USAGE: fasa-sim <subcommand>

      OPTIONS:
        --version               Show the version.
        -h, --help              Show help information.

      SUBCOMMANDS:
        study                   Goes from a model and texts to a report: captures, calibrates, replays, draws.
        replay                  Replays a trace through policies at budgets, into SQLite and a table.
        sweep                   Replays traces through grids of policies at many budgets, and can be interrupted.
        merge                   Merges databases of results into one.
        explore                 Finds the cheapest policies, parameters and budgets that meet a quality target, or the best
                                at a cost.
        compare                 Compares two configurations, or two runs, on the same queries, with intervals.
        heads                   Shows where a policy does worst, or which budget each layer needs.
        model                   Prices stored runs on machines that you do not have, without replaying.
        report                  Draws a database of results as one HTML page.
        export                  Writes a table or view of the database as CSV, JSON or Parquet.
        choices                 Writes the tokens that a policy chooses, for other tools.
        anchors                 Finds which layers should choose tokens for those after them.
        calibrate               Measures what calibrated policies need of a model's heads, and writes a profile.
        profiles                Lists calibration profiles, tells all about one, or compares two.
        policies                Lists the policies, or tells all about one.
        hardware                Machines that times are modelled for: bundled, your own, measured, and how far the model can
                                be trusted.
        info                    Says what a trace or a profile holds, and checks it.
        verify                  Replays the bundled traces in every way this machine has, and compares the bits.
        synth                   Writes a synthetic trace of any shape, layer by layer, for scale tests.
        bench                   Measures this machine, the kernels against its roofline, or whole replays.

        See 'fasa-sim help <subcommand>' for detailed help.
      """
    #expect(FasaSim.helpMessage(columns: 120) == expected)
  }

  /// Every command that there is, by the words that call it; "" is the root.
  static let commands: [(words: String, type: any ParsableCommand.Type)] = all(FasaSim.self, "")

  private static func all(_ type: any ParsableCommand.Type, _ words: String) -> [(
    String, any ParsableCommand.Type
  )] {
    [(words, type)]
      + type.configuration.subcommands.flatMap { all($0, (words + " \($0._commandName)").trimmedSpaces) }
  }

  @Test func everyCommandIsFound() {
    let words = Set(Self.commands.map(\.words))
    #expect(words.isSuperset(of: ["", "replay", "bench replay", "hardware validate"]) && words.count >= 20)
  }

  /// Examples in help are commands that can be read.
  @Test(arguments: commands.map(\.words)) func examplesParse(command: String) throws {
    let type = try #require(Self.commands.first { $0.words == command }).type
    let discussion = type.configuration.discussion
    let examples = discussion.split(separator: "\n").map { $0.drop { $0 == " " } }
      .filter { $0.hasPrefix("fasa-sim ") }
    #expect(examples.count >= 2, "\(command)")
    for example in examples {
      #expect(throws: Never.self, "\(example)") {
        // What a shell would do with the output is no part of the command.
        let words = example.split(separator: " ").prefix { $0 != ">" }.dropFirst()
        _ = try FasaSim.parseAsRoot(words.map(String.init))
      }
    }
  }

  @Test func theReplaysHelpNamesEveryOption() {
    let help = FasaSim.helpMessage(for: ReplayCommand.self, columns: 120)
    for option in [
      "<traces>", "--policy", "--budget", "--budget-bytes", "--layers", "--heads", "--steps",
      "--profile", "--seed", "--db",
      "--detail", "--hardware", "--kernels", "--reading",
      "--no-timing", "--again", "--json", "--threads", "--isa",
    ] {
      #expect(help.contains("  \(option) "), "\(option)")
    }
    #expect(help.contains("fasa-sim replay trace.zst --policy fasa --budget 0.19\n"))
  }

  @Test func theSweepsHelpNamesItsPartsAndTheirStatus() {
    let help = FasaSim.helpMessage(for: SweepCommand.self, columns: 120)
    for option in ["--units", "--unit", "--shard", "--known", "--scratch", "--trace-cache", "--dry-run"] {
      #expect(help.contains("  \(option) "), "\(option)")
    }
    #expect(help.contains("EXIT STATUS of --unit and --shard: 0 done; 64 "))
    for status in ["; 65 an input", "; 75 try again", "; 130 interrupted"] {
      #expect(help.replacing("\n", with: " ").contains(status), "\(status)")
    }
  }

  @Test(arguments: [
    "--help", "-h", "replay --help", "help replay", "calibrate --help", "info --help", "--version",
  ])
  func helpIsNoError(command: String) throws {
    let folder = try TemporaryFolder()
    let run = try Executable.run(command.split(separator: " ").map(String.init), in: folder)
    #expect(run.status == 0)
    #expect(run.errors.isEmpty)
    #expect(run.output.contains(command == "--version" ? FasaSim.version : "USAGE: fasa-sim"))
  }

  @Test(arguments: [("bash", "complete"), ("zsh", "#compdef fasa-sim"), ("fish", "complete -c 'fasa-sim'")])
  func completionsAreGenerated(shell: String, sign: String) throws {
    let folder = try TemporaryFolder()
    let run = try Executable.run(["--generate-completion-script", shell], in: folder)
    #expect(run.status == 0 && run.errors.isEmpty)
    #expect(run.output.contains(sign))
    for word in ["replay", "calibrate", "profiles", "--no-timing"].map({
      shell == "fish" ? $0.trimmedDashes : $0
    }) {
      #expect(run.output.contains(word), "\(word)")
    }
  }
}

extension String {
  fileprivate var trimmedSpaces: String { String(drop { $0 == " " }) }
  fileprivate var trimmedDashes: String { String(drop { $0 == "-" }) }
}
