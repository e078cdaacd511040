import ArgumentParser
import Experiments
import Foundation
import Results
import Simulator
import Traces

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Draws a database of results as one HTML page.",
    discussion: """
      The page opens in a browser without a network. It begins with what the database says at once, and has charts of quality \
      against bytes and time with intervals, heat maps by layer and head, what the bytes are, kernels against the roofline, modelled \
      machines where there are any, a search over a table that sorts, and where all of it comes from.

      EXAMPLES:
        fasa-sim report
        fasa-sim report --db runs.db -o report.html
        fasa-sim report --db large.db --most-configurations 500 --most-heat-maps 20
      """)

  @OptionGroup var database: StoredDatabaseOptions

  @OptionGroup var named: NamedOptions

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Page to write; one that is there is replaced.", valueName: "file"),
    completion: .file(extensions: ["html"]))
  var output = "report.html"

  @Option(
    name: .customLong("most-configurations"),
    help: ArgumentHelp(
      "Configurations to show: of each policy and budget those of least output error first.", valueName: "n"))
  var mostConfigurations = 2_000

  @Option(
    name: .customLong("most-heat-maps"),
    help: ArgumentHelp(
      "Configurations among them to draw head by head, in the same order.", valueName: "n"))
  var mostHeatMaps = 2_000

  func validate() throws {
    guard mostConfigurations >= 1 else {
      throw ValidationError("--most-configurations \(mostConfigurations): expected 1 or more")
    }
    guard mostHeatMaps >= 0 else {
      throw ValidationError("--most-heat-maps \(mostHeatMaps): expected 0 or more")
    }
  }

  func run() throws {
    let db = database.db
    try OutputPlace(output).refuseDatabase(for: "a page")
    let file = try OutputFile(path: output)
    let line = ProgressLine("reading \(db)")
    defer { line.finish() }
    let store = try ResultsStore(named: db, access: .readOnly)
    var limits = Report.Limits(configurations: mostConfigurations, headMaps: mostHeatMaps)
    limits.only = try named.configurations(in: store)
    let report = try store.report(
      limits: limits,
      progress: { line.update($0, of: $1) })
    let name = URL(fileURLWithPath: db).deletingPathExtension().lastPathComponent
    let page = try ReportPage(title: "fasa-sim: \(name)", report: report).html()
    try file.write(page)
    try file.publish()
    line.finish()
    let shown = report.configurations.count
    let all = report.counts.configurations
    try Output.text(
      "\(output): \(shown == all ? "" : "\(NumberText.grouped(shown)) of ")\(NumberText.grouped(all)) configurations, \(NumberText.bytes(page.count))"
    )
  }
}
