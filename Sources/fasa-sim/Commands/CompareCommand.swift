import ArgumentParser
import Results

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Compares two configurations on the same queries, with intervals.",
    discussion: """
      Both must be stored with every step (replay --detail step). Differences are averaged per step; blocks of 8 steps are \
      drawn anew 10,000 times within each trace. A name is a label, with @ and a budget where several are stored.

      EXAMPLES:
        fasa-sim compare runs.db fasa sketch
        fasa-sim compare runs.db fasa@256 quest:page=32@256 --json
      """)

  @Argument(help: "SQLite database that replay wrote.", completion: .file())
  var db: String

  @Argument(help: "A configuration, such as fasa@256.")
  var a: String

  @Argument(help: "Another one: differences are its values less those of the first.")
  var b: String

  @Flag(help: "Print JSON.")
  var json = false

  private struct Report: Encodable {
    let traces: [String]
    let metrics: [Line]

    struct Line: Encodable {
      let metric: String
      let a: Double
      let b: Double
      let difference: Double
      let low: Double
      let high: Double
    }
  }

  func run() throws {
    let (traces, differences) = try ResultsStore(path: db, access: .readOnly).pairedDifferences(a, b)
    if json {
      try Output.json(
        Report(
          traces: traces,
          metrics: differences.map {
            .init(
              metric: $0.metric, a: $0.meanA, b: $0.meanB, difference: $0.difference, low: $0.low,
              high: $0.high)
          }))
      return
    }
    var table = TextTable([
      ("metric", .left), (a, .right), (b, .right), ("difference", .right), ("95 % interval", .right),
    ])
    for line in differences {
      table.add([
        line.metric, NumberText.decimal(line.meanA), NumberText.decimal(line.meanB),
        NumberText.decimal(line.difference),
        "\(NumberText.decimal(line.low)) to \(NumberText.decimal(line.high))",
      ])
    }
    print(table.text)
    print("\npaired over \(traces.joined(separator: "; "))")
  }
}
