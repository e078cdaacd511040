import ArgumentParser
import Policies
import Results

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Replays traces through grids of policies at many budgets, and can be interrupted.",
    discussion: """
      Takes a YAML file, or traces with --policy and --budget. A parameter's values are parted by slashes: \
      fasa:chunks=4/8/16,layout=packed/planes is six policies. What the database already holds is not computed again: a sweep \
      that was killed goes on by the same command. Ctrl-C ends it with status 130, and says what is stored.

      EXAMPLES:
        fasa-sim sweep sweeps/policies-and-budgets.yaml
        fasa-sim sweep traces/prose-8192.zst traces/qa-4096.zst --policy fasa:chunks=4/8/16 --budget 64,19%
        fasa-sim sweep sweeps/policies-and-budgets.yaml --dry-run
      """)

  @Argument(help: "A YAML file, or traces.", completion: .file())
  var inputs: [String]

  @OptionGroup(title: "In place of a YAML file") var flags: SweepFlags

  @Option(
    help: ArgumentHelp("SQLite database to write to; :memory: keeps nothing.", valueName: "file"),
    completion: .file())
  var db = "runs.db"

  @Flag(help: "List what would run, and run nothing.")
  var dryRun = false

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var machine: MachineOptions

  func validate() throws {
    guard let file = inputs.first(where: SweepFile.isOne) else {
      guard !flags.policy.isEmpty, !flags.budget.isEmpty else {
        throw ValidationError(
          "expected a YAML file, or traces with --policy and --budget; give what is missing")
      }
      return
    }
    guard inputs.count == 1 else {
      throw ValidationError(
        "\(file): expected one YAML file alone, found \(inputs.count) inputs; name traces in it")
    }
    if let name = flags.given.first {
      throw ValidationError("\(name) and \(file): expected one of them, found both; set it in the file")
    }
  }

  func run() throws {
    let interruption = dryRun ? nil : Interruption(database: db)
    let plan =
      try inputs.first.map(SweepFile.isOne) == true ? SweepFile(path: inputs[0]).read() : flags.plan(inputs)
    let pricing = try SweepPricing(hardware: plan.hardware)
    let jobs = try Sweep.jobs(plan, machine: machine)
    if dryRun {
      let listing = try SweepListing(plan: plan, jobs: jobs, database: db)
      return try json ? Output.json(listing.json) : Output.text(listing.text)
    }
    let sweep = Sweep(plan: plan, jobs: jobs, pricing: pricing, store: try ResultsStore(named: db))
    let report = try sweep.run(interruption)
    if json { try Output.json(report.json(database: db)) } else { try Output.text(report.text(database: db)) }
  }
}
