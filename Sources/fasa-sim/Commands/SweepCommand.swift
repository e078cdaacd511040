import ArgumentParser
import Experiments
import Foundation
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
        fasa-sim sweep sweeps/policies-and-budgets.yaml --shard 2/7 --db shards/2.db

      EXIT STATUS of --unit and --shard: 0 done; 64 a command line that cannot be read, or a unit that is not there; 65 an input \
      that will never work; 75 try again, since there was no space, memory or trace, or the database was locked; 130 interrupted, \
      with what is whole in its place.
      """)

  @Argument(
    help: "A YAML file, or traces: files, or sha256:HEX.",
    completion: .file(extensions: ["yaml", "yml", "zst", "safetensors"]))
  var inputs: [String]

  @OptionGroup(title: "In place of a YAML file") var flags: SweepFlags

  @OptionGroup var database: DatabaseOptions

  @OptionGroup(title: "On many machines") var part: UnitOptions

  @OptionGroup var cache: TraceCacheOptions

  @Flag(help: "List what would run, and run nothing.")
  var dryRun = false

  @OptionGroup var format: FormatOptions

  @OptionGroup var machine: MachineOptions

  func validate() throws {
    guard !part.isPart || database.db != ":memory:" else {
      throw ValidationError("--db :memory:: expected a file with --unit and --shard; name one")
    }
    guard let file = inputs.first(where: SweepFile.isOne) else {
      guard !flags.policies.policy.isEmpty, !flags.budget.budget.isEmpty else {
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
    guard part.isPart || part.units else { return try sweepAll() }
    guard part.isPart, !dryRun else { return try listUnits() }
    let signals = Interruption(database: database.db)
    // Nothing is to be moved yet, but what ends the command has one status from the start.
    signals.publishes {}
    try ExitStatus.sorted {
      try PartOfSweep(part: part, database: database.db, format: format).run(plan(), signals)
    }
  }

  private func sweepAll() throws {
    let db = database.db
    let interruption = dryRun ? nil : Interruption(database: db)
    let known = try part.knownStores()
    let sweep = try Sweep(plan())
    if dryRun {
      let listing = try SweepListing(sweep, store: ResultsStore.thatIsThere(database.db), known: known)
      return try format.print(json: listing.json, rows: listing.lines, document: listing.document)
    }
    let store = try ResultsStore(named: db)
    let line = ProgressLine(
      "sweeping \(sweep.traces) traces", try sweep.estimate(in: store, known: known),
      threads: machine.threads,
      count: interruption?.counted)
    defer { line.finish() }
    let report = try sweep.run(store: store, known: known, storing: interruption) { line.update($0, of: $1) }
    line.finish()
    try format.print(
      json: report.json(database: db), rows: report.best, document: report.document(database: db))
  }

  private func listUnits() throws {
    let listing = try UnitListing(
      part.sweep(plan()), store: ResultsStore.thatIsThere(database.db), known: part.knownStores())
    try format.print(json: listing.json, rows: listing.lines, document: listing.document)
  }

  private func plan() throws -> SweepPlan {
    var plan = SweepPlan()
    if let file = inputs.first, SweepFile.isOne(file) {
      plan = try SweepFile(path: file).read()
      plan.request.threads = machine.threads
      plan.request.instructionSet = machine.instructionSet
    } else {
      plan = try flags.plan(inputs, machine: machine)
    }
    plan.locator = cache.locator
    // Times belong to the machine that took them.
    if part.isPart || part.units { plan.isTimed = plan.timesUnits }
    return plan
  }
}
