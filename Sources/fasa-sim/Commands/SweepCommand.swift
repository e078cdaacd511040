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
      """)

  @Argument(
    help: "A YAML file, or traces.", completion: .file(extensions: ["yaml", "yml", "zst", "safetensors"]))
  var inputs: [String]

  @OptionGroup(title: "In place of a YAML file") var flags: SweepFlags

  @OptionGroup var database: DatabaseOptions

  @Flag(help: "List what would run, and run nothing.")
  var dryRun = false

  @OptionGroup var format: FormatOptions

  @OptionGroup var machine: MachineOptions

  func validate() throws {
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
    let db = database.db
    let interruption = dryRun ? nil : Interruption(database: db)
    let sweep = try Sweep(plan())
    if dryRun {
      // A database that is not there holds nothing, and is not made.
      let isThere = FileManager.default.fileExists(atPath: db)
      let listing = try SweepListing(
        sweep, store: isThere ? ResultsStore(named: db, access: .readOnly) : nil)
      return try format.print(json: listing.json, rows: listing.lines, document: listing.document)
    }
    let store = try ResultsStore(named: db)
    let line = ProgressLine("sweeping \(sweep.traces) traces", count: interruption?.counted)
    defer { line.finish() }
    let report = try sweep.run(store: store, storing: interruption) { line.update($0, of: $1) }
    line.finish()
    try format.print(
      json: report.json(database: db), rows: report.best, document: report.document(database: db))
  }

  private func plan() throws -> SweepPlan {
    guard let file = inputs.first, SweepFile.isOne(file) else {
      return try flags.plan(inputs, machine: machine)
    }
    var plan = try SweepFile(path: file).read()
    plan.request.threads = machine.threads
    plan.request.instructionSet = machine.instructionSet
    return plan
  }
}
