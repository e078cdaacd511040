import Attention
import GRDB
import Policies

extension ResultsStore {
  /// What a side names on each trace. Where several builds gave the same bits, the last of them stands for all.
  func sides(_ name: String, _ db: Database) throws -> [ComparedSide] {
    let query: SQL = "\(sql: ComparedSide.sql) WHERE \(SideName(name).condition()) ORDER BY t.digest, c.id"
    let rows = try SQLRequest<Row>(literal: query).fetchAll(db)
    guard !rows.isEmpty else { throw try unknownConfiguration(name, db) }
    var found: [ComparedSide] = []
    var places: [[String]: Int] = [:]
    for side in try rows.map(ComparedSide.init) {
      let key = [side.digest] + side.outcome
      guard let same = places[key] else {
        places[key] = found.count
        found.append(side)
        continue
      }
      if side.detail >= found[same].detail { found[same] = side }
    }
    for (_, candidates) in Dictionary(grouping: found, by: \.digest).sorted(by: { $0.key < $1.key })
    where candidates.count > 1 {
      throw ambiguous(name, candidates)
    }
    return found.sorted { $0.digest < $1.digest }
  }

  private static func policies(_ labels: [String]) -> [String] {
    Set(labels.map { String($0.prefix { $0 != "@" && $0 != ":" }) }).sorted()
  }

  func ambiguous(_ name: String, _ candidates: [ComparedSide]) -> ResultsError {
    ResultsError(
      .unknownConfiguration, file: file, part: name, expected: "one configuration of that name per trace",
      found: "\(candidates.count) on \(candidates[0].place)",
      advice: "name one of them: \(SideName.names(of: candidates).joined(separator: ", "))")
  }

  /// What to say of a name that nothing is stored under: the labels that are, where they are alike.
  func unknownConfiguration(_ name: String, _ db: Database) throws -> ResultsError {
    let side = SideName(name)
    let labels = try String.fetchAll(
      db, sql: "SELECT DISTINCT label FROM configurations ORDER BY label LIMIT 5000"
    ).map { $0.replacing(ConfigurationLabel.separator, with: "@") }
    let typed = side.budget.map { "\(side.label)@\($0)" } ?? side.label
    if !side.qualifiers.isEmpty, labels.contains(where: { $0 == typed || $0.hasPrefix("\(typed)@") }) {
      let query: SQL =
        "\(sql: ComparedSide.sql) WHERE \(side.unqualified.condition()) ORDER BY t.digest, c.id LIMIT 8"
      let there = try SQLRequest<Row>(literal: query).fetchAll(db).map(ComparedSide.init)
      return ResultsError(
        .unknownConfiguration, file: file, part: "'\(name)'", expected: "a stored configuration of that name",
        found: "none",
        advice:
          "there are \(SideName.names(of: there, alwaysBy: Set(side.qualifiers.keys)).joined(separator: ", "))"
      )
    }
    let others = labels.filter { $0 == side.label || $0.hasPrefix("\(side.label)@") }
    let advice =
      others.isEmpty
      ? NearestName.question(typed, among: typed.contains("@") ? labels : Self.policies(labels))
        ?? "see which there are: SELECT label FROM summary"
      : "of \(side.label) there are \(others.prefix(8).joined(separator: ", "))"
    return ResultsError(
      .unknownConfiguration, file: file, part: "'\(name)'", expected: "a stored configuration of that name",
      found: "none", advice: advice)
  }

  /// The sides trace by trace.
  func paired(_ a: (name: String, sides: [ComparedSide]), _ b: (name: String, sides: [ComparedSide]))
    throws -> [ComparedPair]
  {
    func others(_ what: String) -> String {
      guard what == "traces" else { return "name others by @layers:, @heads: and @steps:" }
      let common = a.sides.first { side in b.sides.contains { $0.digest == side.digest } }
      return common.map { side in
        let trace = "@\(SideQualifier.trace.prefix)\(side.value(of: .trace))"
        return "compare \(a.name)\(trace) and \(b.name)\(trace)"
      } ?? "name configurations of one trace"
    }
    func refuse(_ what: String, _ found: String) -> ResultsError {
      ResultsError(
        .unknownConfiguration, file: file, part: "\(a.name), \(b.name)",
        expected: "the same \(what) on both sides",
        found: found,
        advice: "replay both in one command, or \(others(what))")
    }
    for (mine, others) in [(a, b), (b, a)] {
      let there = Set(others.sides.map(\.digest))
      let lone = mine.sides.filter { !there.contains($0.digest) }
      guard lone.isEmpty else {
        throw refuse(
          "traces", "\(lone.map { "'\($0.title)'" }.joined(separator: ", ")) for \(mine.name) alone")
      }
    }
    let pairs = Array(zip(a.sides, b.sides))
    for (left, right) in pairs {
      for (what, mine, other) in [
        ("layers", left.layers, right.layers), ("query heads", left.queryHeads, right.queryHeads),
        ("steps", left.steps, right.steps),
      ] where mine != other {
        throw refuse(what, "\(mine) for \(a.name) and \(other) for \(b.name) on '\(left.title)'")
      }
    }
    return pairs.map { ComparedPair(a: $0, b: $1) }
  }
}
