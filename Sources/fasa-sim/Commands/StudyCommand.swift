import ArgumentParser
import Attention
import Experiments
import Foundation
import Policies
import Simulator

struct StudyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study",
    abstract: "Goes from a model and texts to a report: captures, calibrates, replays, draws.",
    discussion: """
      fasa-capture runs the model (pip install ./capture; found on PATH, in .venv, by --capture or FASA_CAPTURE). The first of two or \
      more texts calibrates and is scored for no policy. With one text its earliest traced queries calibrate FASA, and are scored for \
      no policy; policies that need a profile cannot run.

      Everything lies in one folder: traces, profile.json, runs.db, report.html. What is there of the same inputs is not made again: \
      Ctrl-C ends with status 130, and the same command goes on from there.

      EXAMPLES:
        fasa-sim study model.gguf calibration.txt book.txt
        fasa-sim study ./Llama-3.2-1B calibration.txt book.txt code.txt -o llama --layers 0-3 --no-timing
        fasa-sim study smollm2 book.txt --most-tokens 1024 --policy oracle,fasa:chunks=4/8 --budget 128
      """)

  @Argument(help: "A GGUF file, a Hugging Face model folder, or smollm2.", completion: .file())
  var model: String

  @Argument(help: "UTF-8 texts; the first of several calibrates.", completion: .file())
  var texts: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Folder for all that is made. (default: study- and the model's name)", valueName: "folder"),
    completion: .directory)
  var output: String?

  @Option(
    name: .customLong("most-tokens"),
    help: ArgumentHelp("Tokens of a text, decode steps included: a longer one is cut.", valueName: "n"))
  var mostTokens = 2048

  @Option(help: ArgumentHelp("Decode steps that are scored.", valueName: "n"))
  var decode = 64

  @Option(help: ArgumentHelp("Layers to capture, such as 0,5,14 or 0-9.", valueName: "layers"))
  var layers = "all"

  @Option(
    help: ArgumentHelp(
      "How traces store numbers; f32 where a capture's check says that f16 rounds too much.",
      valueName: "type"))
  var dtype = StudyRequest.StoredType.f16

  @Option(
    help: ArgumentHelp("The program fasa-capture.", valueName: "file"), completion: .file())
  var capture: String?

  @OptionGroup var policies: PolicyOptions<Defaults>

  @OptionGroup var budget: BudgetOptions<Defaults>

  @OptionGroup var seed: SeedOptions

  @Flag(name: .customLong("no-timing"), help: "Leave out the kernel timings.")
  var noTiming = false

  @OptionGroup var format: JSONOptions

  @OptionGroup var machine: MachineOptions

  enum Defaults: ReplayDefaults {
    static let policies: [String] = ["oracle,fasa,quest,snapkv,streaming-llm,random,dense"]
    static let budgets: [Budget] = [.tokens(64), .tokens(256), .share(0.19)]
  }

  func validate() throws {
    guard decode >= 1 else { throw ValidationError("--decode: expected 1 or more, found \(decode)") }
    guard mostTokens > decode else {
      throw ValidationError(
        "--most-tokens: expected more than the \(decode) decode steps, found \(mostTokens)")
    }
  }

  func run() throws {
    let program = try CaptureProgram(path: capture)
    let folder = output ?? "study-\(StudyRequest.name(of: model))"
    let request = StudyRequest(
      model: model, texts: texts, folder: folder, mostTokens: mostTokens, decode: decode, layers: layers,
      dtype: dtype,
      replay: ReplayRequest(
        policies: try policies.choice(), seed: seed.seed ?? 0, threads: machine.threads,
        instructionSet: machine.instructionSet),
      budgets: budget.budgets, isTimed: !noTiming)
    let study = try Study(request, program: program, listener: Told())
    let interruption = Interruption(database: study.database) { program.end() }
    let report = try study.run(storing: interruption)
    try format.print(json: report.json, text: report.text)
  }

  /// Steps on standard error, and on a terminal how far each is.
  private final class Told: Study.Listener {
    private var line: ProgressLine?

    func tell(_ text: String) { Output.note(text, clearsLine: true) }

    func progress(_ title: String) -> @Sendable (Int, Int) -> Void {
      let line = ProgressLine(title)
      self.line = line
      return { line.update($0, of: $1) }
    }

    func ended() { line?.finish() }
  }
}
