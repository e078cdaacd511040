import Foundation
import Pricing

/// What `hardware validate` tells.
package struct ValidationReport {
  /// Of the table that is fitted in parts and predicted, or of the one that bundled kernel sets are held against.
  let path: String
  let outcomes: [Validation.Outcome]
  let listsCases: Bool
  let claim: ClaimReport?
  let quest: QuestReport?
  let local: LocalValidation?
  /// Beside bundled kernel sets.
  var tables: [TableComparison] = []
  /// Whether the report is of one such table.
  var isComparison = false

  package struct JSON: Encodable {
    let measurements: String
    let outcomes: [Validation.Outcome]
    let claim: ClaimReport?
    let quest: QuestReport?
    let local: LocalValidation.JSON?
    let tables: [TableComparison.JSON]
  }

  package var json: JSON {
    JSON(
      measurements: path, outcomes: outcomes, claim: claim, quest: quest, local: local?.json,
      tables: tables.map { $0.json(listsCases: listsCases) })
  }

  package var document: Document {
    if isComparison { return Document(tables.flatMap { $0.blocks(listsCases: listsCases) }) }
    var blocks: [Document.Block] = [.table(errorTable), .lines(summary)]
    blocks += listsCases ? [.table(caseTable)] : [.heading("farthest off"), .table(worstTable)]
    blocks.append(
      .notes([
        "relative error of predictions of measurements that were not fitted; mean: signed, + predicted too long (or too large a speed-up)",
        "side: cases measured outside 0.8× to 1.25×",
      ]))
    blocks += quest?.blocks ?? []
    blocks += claim?.blocks ?? []
    blocks += local?.blocks ?? []
    return Document(blocks + tables.flatMap(\.shortBlocks))
  }

  /// The lines of the first table, or of the tables that kernel sets are held against.
  package var rows: [OrderedRow] {
    isComparison
      ? tables.flatMap { table in table.lines(isShort: false).flatMap { $0.rows(of: table) } }
      : outcomes.flatMap(Line.lines).map(\.row)
  }

  /// How far off the times of one kind are over the cases of one split.
  private struct Line {
    enum Kind: String {
      case dense, sparse
      case speedUp = "speed-up"
    }

    var row: OrderedRow {
      OrderedRow([
        ("kernel", .text(outcome.implementation)), ("split", .text(outcome.split)),
        ("time_of", .text(kind.rawValue)),
        ("cases", .integer(Int64(error.cases))), ("relative_error_p50", .real(error.median)),
        ("relative_error_p90", .real(error.p90)), ("relative_error_mean", .real(error.signedMean)),
        ("decided", kind == .speedUp ? .integer(Int64(outcome.decided)) : .null),
        ("side_right", kind == .speedUp ? .integer(Int64(outcome.sideRight)) : .null),
      ])
    }

    let outcome: Validation.Outcome
    let kind: Kind
    let error: ModelError

    static func lines(_ outcome: Validation.Outcome) -> [Line] {
      let dense = outcome.implementation.hasPrefix("sparq") ? nil : outcome.dense
      return [
        dense.map { Line(outcome: outcome, kind: .dense, error: $0) },
        outcome.sparse.map { Line(outcome: outcome, kind: .sparse, error: $0) },
        outcome.speedUp.map { Line(outcome: outcome, kind: .speedUp, error: $0) },
      ].compactMap(\.self)
    }
  }

  private var errorTable: TextTable {
    TextTable(
      outcomes.flatMap(Line.lines),
      [
        .left("kernel") { $0.outcome.implementation },
        .left("fitted to, predicted") { $0.outcome.split },
        .left("time of") { $0.kind.rawValue },
        .right("cases", drop: 2) { "\($0.error.cases)" },
        .right("median") { NumberText.percent($0.error.median) },
        .right("90 %") { NumberText.percent($0.error.p90) },
        .right("mean", drop: 3) { NumberText.signedPercent($0.error.signedMean) },
        .right("side of 1× right", drop: 1) {
          $0.kind == .speedUp ? "\($0.outcome.sideRight) of \($0.outcome.decided)" : ""
        },
      ]
    )
  }

  private var summary: [String] {
    func line(_ name: String, _ pairs: [(predicted: Double, measured: Double)]) -> String? {
      guard !pairs.isEmpty else { return nil }
      let error = ModelError(pairs)
      return
        "\(name): median \(NumberText.percent(error.median)), 90 % within \(NumberText.percent(error.p90)), \(error.cases) predictions"
    }
    let sparse = outcomes.filter { $0.implementation.hasPrefix("sparq") }
    let denseCases = outcomes.filter { !$0.implementation.hasPrefix("sparq") }.flatMap(\.cases)
    let decided = sparse.reduce(0) { $0 + $1.decided }
    let right = sparse.reduce(0) { $0 + $1.sideRight }
    let speedUps = sparse.flatMap(\.cases).compactMap(\.speedUps)
    return [
      line("dense, all", denseCases.map { ($0.predictedSeconds, $0.measuredSeconds) }),
      line("speed-up, all", speedUps),
      decided == 0
        ? nil
        : "side of 1× right in \(right) of \(decided) (\(NumberText.percent(Double(right) / Double(decided))))",
    ].compactMap(\.self)
  }

  private var worstTable: TextTable {
    func distance(_ item: Validation.Case) -> Double {
      abs(log(item.predictedSeconds / item.measuredSeconds))
    }
    let all = ownCases.sorted { distance($0.1) > distance($1.1) }
    // One of each kernel and split: the worst shapes of the worst kernel alone would say less.
    var seen: Set<String> = []
    return Self.table(Array(all.filter { seen.insert("\($0.1.kernel) \($0.0)").inserted }.prefix(8)))
  }

  /// Dense steps that sparse ones are held against are listed with the dense kernel.
  private var ownCases: [(String, Validation.Case)] {
    outcomes.flatMap { outcome in
      outcome.cases.filter { $0.kernel == outcome.implementation }.map { (outcome.split, $0) }
    }
  }

  private var caseTable: TextTable { Self.table(ownCases) }

  private static func table(_ cases: [(String, Validation.Case)]) -> TextTable {
    TextTable(
      cases.map { (split: $0.0, item: $0.1) },
      [
        .left("kernel") { $0.item.kernel },
        .left("fitted to, predicted") { $0.split },
        .right("batch") { "\(Int($0.item.batch))" },
        .right("tokens") { NumberText.grouped(Int($0.item.tokens)) },
        .right("r") { $0.item.rank.map { "\(Int($0))" } ?? "–" },
        .right("k") { $0.item.topK.map { "\(Int($0))" } ?? "–" },
        .right("predicted µs", drop: 3) { NumberText.decimal($0.item.predictedSeconds * 1e6, places: 0) },
        .right("measured", drop: 4) { NumberText.decimal($0.item.measuredSeconds * 1e6, places: 0) },
        .right("error") { NumberText.percent($0.item.relativeError) },
        .right("speed-up", drop: 2) { NumberText.times($0.item.predictedSpeedUp) },
        .right("measured", drop: 1) { NumberText.times($0.item.measuredSpeedUp) },
      ]
    )
  }
}
