import ArgumentParser
import Attention
import Experiments
import Kernels
import Policies
import Traces

struct BenchReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Times whole replays, from the file to the database, against their floor.",
    discussion: """
      Each line adds a configuration to the ones before. The floor is the multiply-adds that the metrics need at the \
      measured peak, and one read of the scores for each set that is chosen; reading, decompressing, hashing, \
      exponentials and the database are not in it. Rounds of all lines are interleaved.

      EXAMPLES:
        fasa-sim bench replay traces/prose-8192.zst
        fasa-sim bench replay big.zst --policy oracle,fasa,streaming-llm --profile p.json --repeats 9
      """)

  @Argument(help: "Trace to replay.", completion: .trace)
  var trace: String

  @OptionGroup var policies: PolicyOptions<Defaults>

  @OptionGroup var budget: BudgetOptions<Defaults>

  @OptionGroup var profile: ProfileOptions

  @Option(help: "Timed runs of each line, after one that is not.")
  var repeats = 7

  @OptionGroup var format: FormatOptions

  @OptionGroup var machine: MachineOptions

  func validate() throws {
    guard (1...1000).contains(repeats) else {
      throw ValidationError("--repeats \(repeats): expected 1 to 1000")
    }
  }

  enum Defaults: ReplayDefaults {
    static let policies: [String] = ["oracle,fasa"]
    static let budgets: [Budget] = [.tokens(256)]
  }

  func run() throws {
    let benchmark = try ReplayBenchmark(
      Trace(path: trace), ReplayRequest(policies.choice(), profile: profile, machine: machine),
      budgets: budget.budgets)
    let line = ProgressLine("timing replays")
    defer { line.finish() }
    let report = try benchmark.run(
      rounds: repeats, kernels: Kernels(machine.instructionSet), threads: machine.threads
    ) { line.update($0, of: $1) }
    line.finish()
    try format.print(json: report.json, rows: report.lines, document: report.document)
  }
}
