import ArgumentParser
import Results

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Compares two configurations on the same queries, with intervals.",
    discussion: """
      Both must be stored with every step (replay --detail step), on the same traces, layers, heads and steps. Differences are averaged per \
      step; traces, where there are several, and blocks of up to 8 steps within each are drawn anew 10,000 times. p is corrected for \
      the metrics shown (Holm). A trace of fewer than 8 steps gives no interval. A name is a label, with @ and a budget where several are stored.

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
    /// What differs beside the policy, and what of it keeps the sides from equal footing.
    let settings: [PairedComparison.Setting]
    let notOnEqualFooting: [PairedComparison.Setting]

    struct Line: Encodable {
      let metric: String
      let a: Double
      let b: Double
      let difference: Double
      /// Left out, as the ps are, where a trace has too few steps.
      let low: Double?
      let high: Double?
      let p: Double?
      let adjustedP: Double?
    }
  }

  func run() throws {
    let found = try ResultsStore(path: db, access: .readOnly).pairedDifferences(a, b)
    if json { try Output.json(report(found)) } else { print(text(found)) }
  }

  private func report(_ found: PairedComparison) -> Report {
    Report(
      traces: found.traces,
      metrics: found.differences.map {
        .init(
          metric: $0.metric, a: $0.meanA, b: $0.meanB, difference: $0.difference,
          low: $0.interval?.lowerBound,
          high: $0.interval?.upperBound, p: $0.p, adjustedP: $0.adjustedP)
      }, settings: found.settings, notOnEqualFooting: found.footing)
  }

  private func text(_ found: PairedComparison) -> String {
    var table = TextTable([
      ("metric", .left), (a, .right), (b, .right), ("difference", .right), ("95 % interval", .right),
      ("p, Holm", .right),
    ])
    for line in found.differences {
      table.add([
        line.metric, NumberText.decimal(line.meanA), NumberText.decimal(line.meanB),
        NumberText.decimal(line.difference),
        line.interval.map {
          "\(NumberText.decimal($0.lowerBound)) to \(NumberText.decimal($0.upperBound))"
        } ?? "none",
        line.adjustedP.map { $0 < 0.001 ? "< 0.001" : NumberText.decimal($0) } ?? "–",
      ])
    }
    var lines = [table.text, "", "paired over \(found.traces.joined(separator: "; "))"]
    if found.differences.contains(where: { $0.interval == nil }) {
      lines.append("no interval: a trace has fewer than \(PairedDifference.fewestSteps) steps")
    }
    if !found.settings.isEmpty {
      let parts = found.settings.map { "\($0.name) \($0.a ?? "none") / \($0.b ?? "none")" }
      lines.append("they differ in: \(parts.joined(separator: "; "))")
    }
    lines += found.footing.map {
      "warning: not on equal footing: \($0.name) is \($0.a ?? "0") for \(a), \($0.b ?? "0") for \(b)"
    }
    return lines.joined(separator: "\n")
  }
}
