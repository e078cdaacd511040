import ArgumentParser
import Attention
import Experiments
import Policies
import Results
import Simulator
import Traces

struct ExploreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explore",
    abstract:
      "Finds the cheapest policies, parameters and budgets that meet a quality target, or the best at a cost.",
    discussion: """
      Searches policies, their parameters and budgets by successive halving: many configurations on a part of the \
      layers and steps, the best third on more, and what is left on all; then budgets are bisected at the target and \
      the front's neighbours tried. Cost is modelled time with --hardware, else bytes. Figures are of all layers and \
      steps. What the database holds is not computed again: the same command goes on where it was cut short. A \
      parameter that is given takes those values alone.

      EXAMPLES:
        fasa-sim explore traces/prose-8192.zst --max-output-error 0.1
        fasa-sim explore trace.zst --max-output-error 0.1 --hardware h100-sxm --geometry llama-3.1-8b --context 64k
        fasa-sim explore traces/prose-8192.zst --max-bytes 20%
        fasa-sim explore trace.zst --max-weighted-error 0.1 --policy fasa,quest
        fasa-sim explore trace.zst --min-recall 0.8 --policy fasa,quest --max-trials 200 --json
        fasa-sim explore trace.zst --min-mass 0.95 --policy fasa:chunks=4/8/16,quest --vary page
        fasa-sim explore trace.zst --max-output-error 0.1 --policy fasa,quest --vary none --exhaustive

      EXIT STATUS: 0 also where nothing meets the target: the report says so, and names the nearest.
      """)

  @Argument(help: "Trace to judge on.", completion: .trace)
  var trace: String

  @OptionGroup(title: "Target") var target: QualityOptions

  @OptionGroup(title: "Cost") var cost: ExploreCostOptions

  @OptionGroup(title: "Search") var policies: PolicyOptions<Defaults>

  @OptionGroup(title: "Search") var search: ExploreSearchOptions

  @OptionGroup(title: "Search") var seed: SeedOptions

  @OptionGroup var part: TracePartOptions

  @OptionGroup var profile: ProfileOptions

  @OptionGroup var database: DatabaseOptions

  @OptionGroup var format: FormatOptions

  @OptionGroup var machine: MachineOptions

  enum Defaults: ReplayDefaults {
    static let policies: [String] = ["all"]
    static let budgets: [Budget] = []
  }

  func validate() throws {
    let isPriced = !cost.pricing.hardware.names.isEmpty
    if target.maxBytes != nil, isPriced {
      throw ValidationError(
        "--max-bytes: expected no --hardware with it, which prices time, found both; give --max-time")
    }
    if target.maxTime != nil, !isPriced {
      throw ValidationError(
        "--max-time: expected --hardware with it, found none; name a machine, or give --max-bytes")
    }
  }

  func run() throws {
    let db = database.db
    let interruption = Interruption(database: db)
    let pricing = try cost.explorePricing()
    let request = ReplayRequest(
      try policies.choice(), part: part, profile: profile, seed: seed, machine: machine)
    let job = try ExploreJob(
      Trace(path: trace), request, target: target.target, pricing: pricing, search: search.search)
    let store = try ResultsStore(named: db)
    let line = ProgressLine("exploring \(trace)", count: interruption.counted)
    defer { line.finish() }
    let report = try job.run(store: store, database: db, storing: interruption) { line.update($0, of: $1) }
    line.finish()
    try format.print(json: report.json, rows: report.points, document: report.document)
  }
}
