import ArgumentParser
import Attention
import Experiments
import Traces

struct AnchorsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "anchors", abstract: "Finds which layers should choose tokens for those after them.",
    discussion: """
      Replays one policy once for every layer, whose choice all layers after it take, and places 1, 2, … anchors so that the layers \
      lose least by dynamic programming; each pattern is then replayed. What is printed as the policy, reuse=0+2+8 and the like, is \
      what replay, sweep and live runs take. Wants a trace that holds the layers in question, all of them best.

      EXAMPLES:
        fasa-sim anchors traces/code-896-all-layers.zst --policy fasa --budget 64
        fasa-sim anchors trace.zst --policy oracle --budget 0.1 --by mass --max-anchors 5
        fasa-sim anchors trace.zst --policy quest:dense-layers=0,scope=layer --budget 256 --json
      """)

  @Argument(help: "Trace to replay.", completion: .trace)
  var trace: String

  @OptionGroup var policies: PolicyOptions<ReplayCommand.Defaults>

  @OptionGroup var budget: BudgetOptions<ReplayCommand.Defaults>

  @Option(
    help:
      "What a layer loses by another's choice: weighted-error (large outputs weigh more), output-error (layers weigh alike), mass (missed)."
  )
  var by: AnchorLoss = .weightedError

  @Option(help: ArgumentHelp("Anchors of the largest pattern.", valueName: "count"))
  var maxAnchors = 8

  @OptionGroup var part: TracePartOptions

  @OptionGroup var heads: HeadOptions

  @OptionGroup var profile: ProfileOptions

  @OptionGroup var seed: SeedOptions

  @OptionGroup var format: FormatOptions

  @OptionGroup var machine: MachineOptions

  func validate() throws {
    guard (1...1024).contains(maxAnchors) else {
      throw ValidationError("--max-anchors \(maxAnchors): expected 1 to 1024")
    }
  }

  func run() throws {
    let request = ReplayRequest(
      try policies.choice(), part: part, heads: heads, profile: profile, seed: seed, machine: machine)
    let job = try AnchorsJob(
      request.prepare(Trace(path: trace), budgets: .tokens(budget.budgets)), by: by, most: maxAnchors)
    let line = ProgressLine("replaying \(trace)")
    defer { line.finish() }
    let report = try job.run { line.update($0, of: $1) }
    line.finish()
    try format.print(json: report, rows: report.rows, document: report.document)
  }
}

extension AnchorLoss: ExpressibleByArgument {}
