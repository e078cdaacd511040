import ArgumentParser
import Experiments
import Results

struct HeadsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "heads",
    abstract: "Shows where a policy does worst, or which budget each layer needs.",
    discussion: """
      The layers, query heads and decode steps at which a stored configuration loses most. With --target, of every layer the smallest \
      stored budget at which the policy's mean output error is at most that, and what a budget for each layer saves over one for all; \
      name the policy without a budget then, and replay it at several first.

      EXAMPLES:
        fasa-sim heads fasa@256
        fasa-sim heads quest@256 --by recall --top 10 -o csv
        fasa-sim heads fasa --target 0.05
      """)

  @Argument(help: "A configuration as compare names it, such as fasa@256.")
  var configuration: String

  @Option(
    help: ArgumentHelp(
      "What is worst: \(WorstPlaces.Order.allCases.map(\.rawValue).joined(separator: ", ")). (default: output-error)",
      valueName: "key"))
  var by: WorstPlaces.Order?

  @Option(help: ArgumentHelp("Layers, heads and steps to show. (default: 5)", valueName: "n"))
  var top: Int?

  @Option(help: ArgumentHelp("Largest mean output error of a layer, such as 0.05.", valueName: "e"))
  var target: Double?

  @OptionGroup var database: StoredDatabaseOptions

  @OptionGroup var format: FormatOptions

  func validate() throws {
    if let top, top < 1 { throw ValidationError("--top \(top): expected 1 or more") }
    guard let target else { return }
    guard target > 0, target.isFinite else {
      throw ValidationError("--target \(target): expected more than 0")
    }
    guard by == nil, top == nil else {
      throw ValidationError(
        "--target: expected neither --by nor --top with it, which are of worst places; leave one out")
    }
  }

  func run() throws {
    let store = try ResultsStore(named: database.db, access: .readOnly)
    if let target {
      let found = try store.layerBudgets(of: configuration, target: target)
      let rows = found.flatMap(\.rows)
      return try format.print(json: rows, rows: rows, document: LayerBudgets.document(found, target: target))
    }
    let order = by ?? .outputError
    let found = try store.worstPlaces(of: configuration, by: order, most: top ?? 5)
    let rows = found.flatMap(\.rows)
    try format.print(json: rows, rows: rows, document: WorstPlaces.document(found, by: order))
  }
}

extension WorstPlaces.Order: ExpressibleByArgument {}
