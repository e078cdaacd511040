import ArgumentParser
import Experiments
import Foundation
import Results
import Simulator

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes a table or view of the database as CSV, JSON or Parquet.",
    discussion: """
      The file's extension says how: .csv, .json (an array), .jsonl (an object a line), .parquet. Columns have the schema's types, \
      whatever they hold; in CSV text is quoted, numbers are not, and NULL is nothing. The file appears when it is complete.

      EXAMPLES:
        fasa-sim export summary -o summary.csv
        fasa-sim export steps --db runs.db -o steps.parquet
        fasa-sim export head_summaries -o heads.csv --only fasa@256,quest@256
        fasa-sim export summary -o summary.csv --escape-formulas
        fasa-sim export --list
      """)

  @Argument(help: "A table or view, such as summary.", completion: .view)
  var view: String?

  @OptionGroup var database: StoredDatabaseOptions

  @OptionGroup var named: NamedOptions

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("File to write: .csv, .json, .jsonl or .parquet.", valueName: "file"),
    completion: .file(extensions: ["csv", "json", "jsonl", "parquet"]))
  var output: String?

  @Flag(help: "List the views and tables with their columns.")
  var list = false

  @Flag(help: "With --list, print JSON.")
  var json = false

  @Flag(help: "Replace the file if there is one.")
  var force = false

  @Flag(
    name: .customLong("escape-formulas"),
    help: "In CSV, write ' before text that a spreadsheet would take for a formula.")
  var escapeFormulas = false

  func validate() throws {
    if list {
      guard view == nil, output == nil, !escapeFormulas, named.only.isEmpty else {
        throw ValidationError(
          "--list: expected nothing beside it, found a view, --output, --only or --escape-formulas; leave it out"
        )
      }
      return
    }
    guard !json else {
      throw ValidationError("--json: expected --list beside it, found none; name a file that ends in .json")
    }
    guard view != nil, let output else {
      throw ValidationError("expected a view and --output, such as: fasa-sim export summary -o summary.csv")
    }
    guard !escapeFormulas || ExportFormat.of(output) == .csv else {
      throw ValidationError("--escape-formulas: expected a .csv file, found \(output); leave it out")
    }
    guard ExportFormat.of(output) != nil else {
      throw ValidationError(
        "\(output): expected a name that ends in \(ExportFormat.allCases.map { ".\($0.rawValue)" }.joined(separator: ", ")); name it so"
      )
    }
  }

  func run() throws {
    let store = try ResultsStore(named: database.db, access: .readOnly)
    if list {
      let views = try store.exportedViews()
      if json { return try Output.json(views) }
      return try Output.document(
        Document([
          .fields(
            views.map {
              (name: "\($0.name) (\($0.type))", value: $0.columns.map(\.name).joined(separator: ", "))
            })
        ]))
    }
    guard let view, let output, let format = ExportFormat.of(output) else { return }
    try OutputPlace(output).refuseDatabase(for: "an export")
    try OutputPlace(output).refuseTaken(force: force)
    let export = Export(
      store: store, view: view, only: try named.configurations(in: store), escapesFormulas: escapeFormulas)
    let line = ProgressLine("writing \(output)")
    defer { line.finish() }
    let count = try export.write(format, to: output) { line.update($0, "rows") }
    line.finish()
    try Output.text("\(output): \(NumberText.grouped(count)) \(count == 1 ? "row" : "rows") of \(view)")
  }
}
