import ArgumentParser
import Foundation
import Hardware
import Policies
import Results
import Simulator
import Traces

struct ExploreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explore",
    abstract: "Finds the cheapest policies, parameters and budgets that meet a quality target.",
    discussion: """
      Searches policies, their parameters and budgets by successive halving: many configurations on a part of the \
      layers and steps, the best third on more, and what is left on all; then budgets are bisected at the target and \
      the front's neighbours tried. Cost is modelled time with --hardware, else bytes. Figures are of all layers and \
      steps. What the database holds is not computed again: the same command goes on where it was cut short. A \
      parameter that is given takes those values alone.

      EXAMPLES:
        fasa-sim explore traces/prose-8192.zst --max-output-error 0.1
        fasa-sim explore trace.zst --max-output-error 0.1 --hardware h100-sxm --geometry llama-3.1-8b --context 64k
        fasa-sim explore trace.zst --min-recall 0.8 --policy fasa,quest --max-trials 200 --json
        fasa-sim explore trace.zst --min-mass 0.95 --policy fasa:chunks=4/8/16,quest --vary page
        fasa-sim explore trace.zst --max-output-error 0.1 --policy fasa,quest --vary none --exhaustive

      EXIT STATUS: 0 also where nothing meets the target: the report says so, and names the nearest.
      """)

  @Argument(help: "Trace to judge on.", completion: .file())
  var trace: String

  @OptionGroup(title: "Target") var target: QualityTarget

  @OptionGroup(title: "Cost") var cost: ExploreCostOptions

  @OptionGroup(title: "Search") var search: ExploreSearchOptions

  @Option(help: ArgumentHelp("Layers, such as 0-3,7; all captured ones by default.", valueName: "layers"))
  var layers: NumberList?

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

  @Option(
    help: ArgumentHelp("SQLite database to write to; :memory: keeps nothing.", valueName: "file"),
    completion: .file())
  var db = "runs.db"

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var machine: MachineOptions

  func run() throws {
    let interruption = Interruption(database: db)
    let pricing = try cost.explorePricing()
    let policies = try search.policies()
    let opened = try Trace(path: trace)
    let options = ReplayOptions(
      layers: try ReplayPlan.layers(layers?.ranges, of: opened), steps: steps?.range,
      threads: machine.threads, seed: search.seed,
      instructionSet: machine.instructionSet,
      profile: try ProfileLocator.profile(
        given: profile, for: opened, policies, selfCalibrates: selfCalibrates),
      selfCalibrates: selfCalibrates)
    let job = try ExploreJob(
      trace: opened, policies: policies, options: options, target: target, pricing: pricing, search: search)
    let report = try job.run(store: try ResultsStore(named: db), database: db, interruption: interruption)
    if json { try Output.json(report.json) } else { try Output.text(report.text) }
  }
}

/// What is searched, and how far.
struct ExploreSearchOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Policies, with parameters that are fixed, or all; repeat or separate by commas.",
      valueName: "policy,…"), completion: .list(PolicyRegistry.names))
  var policy: [String] = ["all"]

  @Option(
    help: ArgumentHelp("Parameters to search: all, none, or names such as chunks,page.", valueName: "name,…"))
  var vary = "all"

  @Option(
    name: .customLong("budget-in"),
    help: "What budgets are searched in: shares grow with the context, tokens stay.")
  var measure: PolicySpace.Measure = .share

  @Option(help: ArgumentHelp("Configurations to try at most.", valueName: "n"))
  var maxTrials = 400

  @Option(help: "Seed of the search and of every random choice.")
  var seed: UInt64 = 0

  @Flag(help: "Judge every point of the grid on everything in place of a search: to check one against.")
  var exhaustive = false

  /// Of an exhaustive grid: above it the replay of all at once would need the memory of as many results.
  static let largestGrid = 20_000

  func validate() throws {
    guard (10...Self.largestGrid).contains(maxTrials) else {
      throw ValidationError("--max-trials \(maxTrials): expected 10 to \(Self.largestGrid)")
    }
  }

  var varied: PolicySpace.Varied {
    switch vary {
    case "all": .all
    case "none": .only([])
    default: .only(vary.split(separator: ",").map(String.init))
    }
  }

  /// - Throws: `ReplayError` for bounds, which are references and no methods.
  func policies() throws -> [PolicyConfiguration] {
    let parsed = try PolicyGrammar.parse(policy)
    if PolicyGrammar.asksForEverything(policy) { return parsed.filter { $0.descriptor.kind != .bound } }
    if let bound = parsed.first(where: { $0.descriptor.kind == .bound }) {
      throw ReplayError(
        "--policy \(bound.label): expected policies that can be deployed, found a bound: leave it out; dense attention and the oracle are shown for reference"
      )
    }
    return parsed
  }
}

extension PolicySpace.Measure: ExpressibleByArgument {}
