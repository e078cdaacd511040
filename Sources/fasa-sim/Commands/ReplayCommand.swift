import ArgumentParser
import Attention
import Foundation
import Hardware
import Kernels
import Policies
import Results
import Simulator
import Traces

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Replays a trace through policies at budgets, into SQLite and a table.",
    discussion: """
      A budget is a count of tokens (256) or a share of those a query sees (0.19 or 19%). What the database \
      already holds, by this build of fasa-sim, is not computed again. Configurations are stored in blocks as they are done: Ctrl-C ends \
      with status 130, and the same command goes on from there.

      EXAMPLES:
        fasa-sim replay trace.zst --policy fasa --budget 0.19
        fasa-sim replay trace.zst --policy oracle,fasa:chunks=4/8 --budget 64,256
        fasa-sim replay trace.zst --policy streaming-llm --layers 5,14 --json
        fasa-sim replay trace.zst --policy all --budget 64,256,0.19 --no-timing
        fasa-sim replay trace.zst --policy fasa,quest,sketch --budget-bytes 0.2
        fasa-sim replay trace.zst --policy fasa,quest --hardware a100-40gb,h100-sxm
      """)

  @Argument(help: "Traces to replay.", completion: .file())
  var traces: [String]

  @Option(
    help: ArgumentHelp(
      "Policies with parameters, such as fasa:chunks=8,sinks=4, or all; repeat or separate by commas. See fasa-sim policies.",
      valueName: "policy,…"),
    completion: .list(PolicyRegistry.names))
  var policy: [String] = ["fasa"]

  @Option(
    help: ArgumentHelp(
      "Token budgets: counts or shares; repeat or separate by commas. (default: 256)", valueName: "k,…"))
  var budget: [BudgetList] = []

  @Option(
    help: ArgumentHelp(
      """
      In place of --budget: shares of dense attention's bytes, such as 0.2 or 20%. Each policy gets the tokens that \
      so many bytes buy, what it reads to choose included.
      """, valueName: "share,…"))
  var budgetBytes: [ShareList] = []

  @Option(help: "How the heads of a KV head read, for --budget-bytes: each for itself, or their union once.")
  var bytesReading: Reading = .perHead

  @Option(help: ArgumentHelp("Layers, such as 0-3,7; all captured ones by default.", valueName: "layers"))
  var layers: NumberList?

  @Option(help: ArgumentHelp("Query heads to report, such as 0-2; all by default.", valueName: "heads"))
  var heads: NumberList?

  @Option(
    help: ArgumentHelp("Decode steps, counted from 0, such as 0-31; all by default.", valueName: "first-last")
  )
  var steps: StepRange?

  @Option(
    help: ArgumentHelp(
      "Calibration profile; the bundled one of the trace's model by default.", valueName: "file"),
    completion: .file())
  var profile: String?

  @Flag(
    name: .customLong("self-calibrate"),
    help:
      "Calibrate FASA's chunks on the trace's own earliest queries, in place of a profile, and score none of them for any policy."
  )
  var selfCalibrates = false

  @Option(help: "Seed of every random choice.")
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp("SQLite database to write to; :memory: keeps nothing.", valueName: "file"),
    completion: .file())
  var db = "runs.db"

  @Option(help: "What to store: summaries per head, or every step as well.")
  var detail: ResultsStore.Detail = .head

  @Flag(name: .customLong("no-timing"), help: "Leave out the kernel timings.")
  var noTiming = false

  @Flag(
    help:
      "Compute again what the database already holds. Other bits are kept beside the first, and by the same build they are an error."
  )
  var again = false

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var machine: MachineOptions

  @OptionGroup var pricing: PricingOptions

  /// Those asked for, or 256 tokens.
  var budgets: [Budget] { budget.isEmpty ? [.tokens(256)] : budget.flatMap(\.budgets) }

  func validate() throws {
    guard budget.isEmpty || budgetBytes.isEmpty else {
      throw ValidationError("--budget and --budget-bytes: expected one of them, found both; leave one out")
    }
  }

  func run() throws {
    let interruption = Interruption(database: db, computesAgain: again)
    let policies = try PolicyGrammar.parse(policy)
    // Every machine is read and every trace is opened, and so checked, before anything is written.
    let machines = try pricing.machines()
    let opened = try traces.map { try Trace(path: $0) }
    let plans = try opened.map { try makeJob($0, policies) }
    let store = try ResultsStore(named: db)
    let stored = try plans.map { try $0.stored(in: store) }
    let total = plans.reduce(0) { $0 + $1.configurations.count }
    interruption.begin(stored: total - stored.reduce(0) { $0 + $1.missing.count }, of: total)
    let blockSize = BlockSize()
    let reports = try zip(plans, stored).map {
      try $0.run(store: store, traceDigest: $1.traceDigest, interruption: interruption, blockSize: blockSize)
    }
    let priced = machines.isEmpty ? nil : try price(reports, machines, store: store)
    if json {
      try Output.json(ReplayReport.JSON(reports: reports, database: db, modelled: priced?.json))
    } else {
      try Output.text(
        (reports.map { $0.text(database: db) } + [priced?.text].compactMap(\.self)).joined(separator: "\n\n"))
    }
  }

  /// At each trace's own geometry and context, one sequence at a time; fasa-sim model asks for others.
  private func price(_ reports: [ReplayReport], _ machines: [PricedMachine], store: ResultsStore) throws
    -> ModelReport
  {
    let replayed = Set(reports.flatMap { $0.rows.map(\.configuration) })
    let job = PricingJob(
      shapes: try store.storedShapes(configurations: replayed),
      machines: machines,
      model: nil, contexts: [], batches: [1], reading: pricing.reading)
    let points = try job.run()
    try store.store(points.map(\.row))
    return ModelReport(job: job, points: points, showsSensitivity: false, database: db)
  }

  private func makeJob(_ trace: Trace, _ policies: [PolicyConfiguration]) throws -> ReplayJob {
    let options = ReplayOptions(
      layers: try ReplayPlan.layers(layers?.ranges, of: trace),
      heads: try ReplayPlan.heads(heads?.ranges, of: trace), steps: steps?.range, threads: machine.threads,
      seed: seed,
      instructionSet: machine.instructionSet,
      profile: try ProfileLocator.profile(
        given: profile, for: trace, policies, selfCalibrates: selfCalibrates),
      selfCalibrates: selfCalibrates)
    var notes: [String] = []
    var runnable = policies
    if PolicyGrammar.asksForEverything(policy) {
      let sorted = Runnability(trace, options: options).sorted(policies, budgets: budgets)
      runnable = sorted.runnable
      notes += sorted.obstacles.map { "left out: \($0)" }
    }
    let configurations =
      budgetBytes.isEmpty
      ? try ReplayConfiguration.grid(runnable, budgets: budgets)
      : try byteBudgets(trace, runnable, options: options, notes: &notes)
    guard !configurations.isEmpty else {
      throw ReplayError(
        "\(trace.path): nothing to replay: \(notes.filter { $0.hasPrefix("left out") }.joined(separator: "; "))"
      )
    }
    return try ReplayJob(
      trace: trace, configurations: configurations, options: options, isTimed: !noTiming, detail: detail,
      computesAgain: again, notes: notes, bytesReading: budgetBytes.isEmpty ? nil : bytesReading)
  }

  /// The budgets that shares of dense attention's bytes buy.
  private func byteBudgets(
    _ trace: Trace, _ policies: [PolicyConfiguration], options: ReplayOptions, notes: inout [String]
  ) throws -> [ReplayConfiguration] {
    let finder = ByteBudget(trace, options: options, reading: bytesReading)
    var result: [ReplayConfiguration] = []
    for share in budgetBytes.flatMap(\.shares) {
      for finding in try finder.find(policies, share: share) {
        guard finding.policy.descriptor.usesBudget else {
          let own = ReplayConfiguration(policy: finding.policy, budget: nil)
          if !result.contains(own) { result.append(own) }
          continue
        }
        guard let tokens = finding.tokens else {
          notes.append(
            "left out: \(finding.policy.label): one token with what it reads to choose costs more than \(NumberText.percent(share)) of dense attention's bytes"
          )
          continue
        }
        let configuration = ReplayConfiguration(policy: finding.policy, budget: .tokens(tokens))
        if !result.contains(configuration) { result.append(configuration) }
      }
      notes.append(
        "budgets are what \(NumberText.percent(share)) of dense attention's bytes buy (\(bytesReading.rawValue) reading, choosing included); policies that size their own sets run as they are"
      )
    }
    return result
  }
}

extension ResultsStore.Detail: ExpressibleByArgument {}
