import Foundation
import Hardware

/// What `hardware validate` tells.
package struct ValidationReport {
  let table: MeasurementTable
  let outcomes: [Validation.Outcome]
  let listsCases: Bool
  let claim: ClaimReport?
  let quest: QuestReport?
  let local: LocalValidation?

  package init(
    table: MeasurementTable, outcomes: [Validation.Outcome], listsCases: Bool, claim: ClaimReport?,
    quest: QuestReport?, local: LocalValidation?
  ) {
    self.table = table
    self.outcomes = outcomes
    self.listsCases = listsCases
    self.claim = claim
    self.quest = quest
    self.local = local
  }

  package struct JSON: Encodable {
    let measurements: String
    let outcomes: [Validation.Outcome]
    let claim: ClaimReport?
    let quest: QuestReport?
    let local: LocalValidation.JSON?
  }

  package var json: JSON {
    JSON(measurements: table.path, outcomes: outcomes, claim: claim, quest: quest, local: local?.json)
  }

  package var text: String {
    var table = TextTable([
      ("kernel", .left), ("fitted to, predicted", .left), ("time of", .left), ("cases", .right),
      ("median", .right),
      ("90 %", .right), ("mean", .right), ("side of 1× right", .right),
    ])
    for outcome in outcomes {
      let parts: [(String, ModelError?)] = [
        ("dense", outcome.implementation.hasPrefix("sparq") ? nil : outcome.dense),
        ("sparse", outcome.sparse),
        ("speed-up", outcome.speedUp),
      ]
      for (what, error) in parts {
        guard let error else { continue }
        table.add([
          outcome.implementation, outcome.split, what, "\(error.cases)", NumberText.percent(error.median),
          NumberText.percent(error.p90),
          (error.signedMean > 0 ? "+" : "") + NumberText.percent(error.signedMean),
          what == "speed-up" ? "\(outcome.sideRight) of \(outcome.decided)" : "",
        ])
      }
    }
    var lines = [table.text, "", summary]
    if listsCases { lines += ["", caseTable] } else { lines += ["", "farthest off", worstTable] }
    lines += [
      "",
      "relative error of predictions of measurements that were not fitted; mean: signed, + predicted too long (or too large a speed-up); "
        + "side: cases measured outside 0.8× to 1.25×",
    ]
    if let quest { lines += ["", quest.text] }
    if let claim { lines += ["", claim.text] }
    if let local { lines += ["", local.text] }
    return lines.joined(separator: "\n")
  }

  private var summary: String {
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
    ].compactMap(\.self).joined(separator: "\n")
  }

  private var worstTable: String {
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

  private var caseTable: String { Self.table(ownCases) }

  private static func table(_ cases: [(String, Validation.Case)]) -> String {
    var table = TextTable([
      ("kernel", .left), ("fitted to, predicted", .left), ("batch", .right), ("tokens", .right),
      ("r", .right),
      ("k", .right), ("predicted µs", .right), ("measured", .right), ("error", .right), ("speed-up", .right),
      ("measured", .right),
    ])
    for (split, item) in cases {
      table.add([
        item.kernel, split, "\(Int(item.batch))", NumberText.grouped(Int(item.tokens)),
        item.rank.map { "\(Int($0))" } ?? "–", item.topK.map { "\(Int($0))" } ?? "–",
        NumberText.decimal(item.predictedSeconds * 1e6, places: 0),
        NumberText.decimal(item.measuredSeconds * 1e6, places: 0), NumberText.percent(item.relativeError),
        NumberText.times(item.predictedSpeedUp), NumberText.times(item.measuredSpeedUp),
      ])
    }
    return table.text
  }
}
