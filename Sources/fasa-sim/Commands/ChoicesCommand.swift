import ArgumentParser
import Attention
import Experiments
import Traces

struct ChoicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "choices", abstract: "Writes the tokens that a policy chooses, for other tools.",
    discussion: """
      jsonl: a set a line, which replay reads again as external:file=. libcachesim: a folder with what each KV head fetches, a trace \
      of that simulator's oracleGeneral format each, to try any replacement policy on. flashinfer: a folder of FlashInfer-Trace \
      workloads, a batch of decode attention for each KV head.

      EXAMPLES:
        fasa-sim choices trace.zst --policy fasa --budget 256 -o choices.jsonl
        fasa-sim choices trace.zst --policy quest:dense-layers=0 --format libcachesim --page 16 -o quest-traces
        fasa-sim choices trace.zst --policy fasa:scope=layer --format flashinfer --layers 5 -o workloads
      """)

  @Argument(help: "Trace to replay.", completion: .trace)
  var trace: String

  @OptionGroup var policies: PolicyOptions<ReplayCommand.Defaults>

  @OptionGroup var budget: BudgetOptions<ReplayCommand.Defaults>

  @Option(help: "What is written: jsonl, libcachesim, flashinfer.")
  var format: ChoicesFormat = .jsonl

  @Option(help: ArgumentHelp("Tokens of an object of libcachesim's traces.", valueName: "tokens"))
  var page = 1

  @Option(
    name: .shortAndLong, help: ArgumentHelp("File to write; but for jsonl a folder.", valueName: "path"),
    completion: .file())
  var output: String

  @Flag(help: "Replace what is there.")
  var force = false

  @OptionGroup var part: TracePartOptions

  @OptionGroup var heads: HeadOptions

  @OptionGroup var profile: ProfileOptions

  @OptionGroup var seed: SeedOptions

  @OptionGroup var machine: MachineOptions

  func validate() throws {
    guard (1...4096).contains(page) else { throw ValidationError("--page \(page): expected 1 to 4096") }
    guard page == 1 || format == .libcachesim else {
      throw ValidationError(
        "--page \(page): expected --format libcachesim beside it, found \(format.rawValue)")
    }
  }

  func run() throws {
    try OutputPlace(output).refuseDatabase(for: "choices")
    try OutputPlace(output).refuseTaken(force: force)
    let request = ReplayRequest(
      try policies.choice(), part: part, heads: heads, profile: profile, seed: seed, machine: machine)
    let opened = try Trace(path: trace)
    let job = try ChoicesJob(request.prepare(opened, budgets: .tokens(budget.budgets)), page: page)
    let line = ProgressLine("replaying \(trace)")
    defer { line.finish() }
    let written = try job.write(format, to: output) { line.update($0, of: $1) }
    line.finish()
    let files = written.files.count
    try Output.text(
      "\(output): \(NumberText.grouped(written.sets)) sets\(format == .jsonl ? "" : " in \(files) \(files == 1 ? "file" : "files")")"
    )
  }
}

extension ChoicesFormat: ExpressibleByArgument {}
