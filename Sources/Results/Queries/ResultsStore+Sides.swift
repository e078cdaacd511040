import GRDB
import Policies

extension ResultsStore {
  /// What a side names on each trace. Where several builds gave the same bits, the last of them stands for all.
  func sides(_ name: String, _ db: Database) throws -> [ComparedSide] {
    let side = SideName(name)
    // By a range first, of which there is an index: a label is stored with its budget.
    let named =
      side.configuration != nil
      ? "c.id = ?4"
      : "(c.label = ?1 OR c.label > ?1 || ' @ ' AND c.label < ?1 || ' @!' AND c.label = ?1 || '\(ConfigurationLabel.separator)' || c.budget)"
    let those = """
      WHERE \(named) AND (?2 IS NULL OR c.budget = ?2)
        AND (?3 IS NULL OR substr(coalesce(c.build, '\(SourceBuild.unknown)'), 1, length(?3)) = ?3)
        AND (?4 IS NULL OR c.id = ?4)
      """
    let arguments: StatementArguments = [side.label, side.budget, side.build, side.configuration]
    let rows = try Row.fetchAll(
      db,
      sql: """
        \(ComparedSide.sql) \(those) AND EXISTS (SELECT 1 FROM steps WHERE configuration = c.id)
        ORDER BY t.digest, c.id
        """, arguments: arguments)
    if try rows.isEmpty
      && Bool.fetchOne(
        db, sql: "SELECT NOT EXISTS (SELECT 1 FROM configurations AS c \(those))", arguments: arguments)
        == true
    {
      throw ResultsError(
        .unknownConfiguration, file: file, part: "'\(name)'", expected: "a stored configuration of that name",
        found: "none", advice: "see which there are: SELECT configuration, label, build FROM summary")
    }
    var found: [ComparedSide] = []
    for side in try rows.map(ComparedSide.init) {
      found.removeAll { $0.digest == side.digest && $0.outcome == side.outcome }
      found.append(side)
    }
    for (_, candidates) in Dictionary(grouping: found, by: \.digest).sorted(by: { $0.key < $1.key })
    where candidates.count > 1 {
      throw ResultsError(
        .unknownConfiguration, file: file, part: name, expected: "one configuration of that name per trace",
        found: "\(candidates.count) on \(candidates[0].place)",
        advice: "name one of them: \(SideName.names(of: candidates).joined(separator: ", "))")
    }
    return found.sorted { $0.digest < $1.digest }
  }

  /// The sides trace by trace.
  func paired(_ a: (name: String, sides: [ComparedSide]), _ b: (name: String, sides: [ComparedSide]))
    throws -> [ComparedPair]
  {
    for side in [a, b] where side.sides.isEmpty {
      throw ResultsError(
        .unknownConfiguration, file: file, part: "\(a.name), \(b.name)",
        expected: "a trace on which both were replayed with detail step",
        found: "none for \(side.name)", advice: "replay both in one command with detail step")
    }
    func refuse(_ what: String, _ found: String) -> ResultsError {
      ResultsError(
        .unknownConfiguration, file: file, part: "\(a.name), \(b.name)",
        expected: "the same \(what) on both sides",
        found: found, advice: "replay both in one command with detail step into a database of its own")
    }
    for (mine, others) in [(a, b), (b, a)] {
      let lone = mine.sides.filter { side in !others.sides.contains { $0.digest == side.digest } }
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
