import ArgumentParser
import Attention
import Experiments
import Policies
import Results

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
        fasa-sim replay trace.zst --policy all --budget-bytes 20% --no-timing --top 10
        fasa-sim replay trace.zst --policy fasa,quest --hardware a100-40gb,h100-sxm
      """)

  @Argument(help: "Traces to replay: files, or sha256:HEX.", completion: .trace)
  var traces: [String]

  @OptionGroup var policies: PolicyOptions<Defaults>

  @OptionGroup var budget: BudgetOptions<Defaults>

  @Option(
    help: ArgumentHelp(
      """
      In place of --budget: shares of dense attention's bytes, such as 0.2 or 20%. Each policy gets the tokens that \
      so many bytes buy by --reading, what it reads to choose included.
      """, valueName: "share,…"))
  var budgetBytes: [ShareList] = []

  @OptionGroup var part: TracePartOptions

  @OptionGroup var heads: HeadOptions

  @OptionGroup var profile: ProfileOptions

  @OptionGroup var cache: TraceCacheOptions

  @OptionGroup var seed: SeedOptions

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var storing: StoringOptions

  @Flag(
    help:
      "Compute again what the database already holds. Other bits are kept beside the first, and by the same build they are an error."
  )
  var again = false

  @OptionGroup var format: FormatOptions

  @OptionGroup var machine: MachineOptions

  @OptionGroup var pricing: PricingOptions

  @OptionGroup var order: RankingOptions

  enum Defaults: ReplayDefaults {
    static let policies: [String] = ["fasa"]
    static let budgets: [Budget] = [.tokens(256)]
  }

  func validate() throws {
    guard budget.budget.isEmpty || budgetBytes.isEmpty else {
      throw ValidationError("--budget and --budget-bytes: expected one of them, found both; leave one out")
    }
  }

  func run() throws {
    let db = database.db
    let interruption = Interruption(database: db, computesAgain: again)
    let request = ReplayRequest(
      try policies.choice(), part: part, heads: heads, profile: profile, seed: seed, machine: machine)
    // Every machine is read and every trace is opened, and so checked, before anything is written.
    let machines = try pricing.machines()
    let opened = try traces.map(cache.locator.open)
    let jobs = try opened.map { trace in
      try ReplayJob(
        request.prepare(trace, budgets: budgets), isTimed: !storing.noTiming,
        kernelThreads: storing.kernelThreads ?? 1,
        detail: storing.detail, computesAgain: again)
    }
    let store = try ResultsStore(named: db)
    let stored = try jobs.map { try $0.stored(in: store) }
    let total = jobs.reduce(0) { $0 + $1.configurations.count }
    interruption.begin(stored: total - stored.reduce(0) { $0 + $1.missing.count }, of: total)
    let blockSize = BlockSize()
    let reports = try zip(jobs, stored).map { job, stored in
      let line = ProgressLine("replaying \(job.trace.path)", count: interruption.counted)
      defer { line.finish() }
      return try job.run(store: store, stored: stored, storing: interruption, blockSize: blockSize) {
        line.update($0, of: $1)
      }
    }
    // At each trace's own geometry and context, one sequence at a time; fasa-sim model asks for others.
    let priced = try StoredPricing(machines: machines, reading: pricing.reading).price(
      reports.flatMap(\.rows), in: store, database: db)
    try format.print(
      json: ReplayReport.JSON(reports: reports, database: db, modelled: priced?.json),
      rows: reports.flatMap { $0.rows(order.ranking(pricing.reading)) },
      document: Document(
        reports.flatMap { $0.document(database: db, ranking: order.ranking(pricing.reading)).blocks }
          + (priced?.document.blocks ?? [])))
  }

  private var budgets: BudgetChoice {
    budgetBytes.isEmpty
      ? .tokens(budget.budgets) : .bytes(shares: budgetBytes.flatMap(\.shares), reading: pricing.reading)
  }
}
