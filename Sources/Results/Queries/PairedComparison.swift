import GRDB

/// Two configurations side by side on the same queries of the same traces.
public struct PairedComparison: Sendable {
  /// Names of the sides: labels with their budgets.
  public let a: String
  public let b: String
  /// Titles of the texts.
  public let traces: [String]
  public internal(set) var differences: [PairedDifference]
  public let bytes: [ByteDifference]
  public let kernel: KernelDifference
  /// One per machine, geometry, context, batch and reading that was modelled for both sides; often empty.
  public let modelled: [ModelledDifference]
  /// Where the sides differ most.
  public let extremes: [Extremes]
  /// What differs between the sides beside the policy.
  public let settings: [Setting]
  /// The settings that must be alike for a comparison on equal footing, where they are not.
  public let footing: [Setting]

  public struct Setting: Sendable, Equatable, Encodable {
    public let name: String
    /// What a side has on its traces; nil where its policy has no such parameter.
    public let a: String?
    public let b: String?
  }
}

extension ResultsStore {
  /// Metrics that are compared.
  public static let comparedMetrics = ["recall", "mass", "output_error"]

  /// B less A in each metric, in bytes and times, over the traces on which both are stored with every step.
  ///
  /// - Parameters:
  ///   - a: A label as `summary` shows it; with `@` and a budget where several budgets are stored, with `@build:` and a
  ///     build's first digits where several builds gave different bits; or `configuration:` and a row's number.
  /// - Throws: ``ResultsError`` where a side is not stored with its steps, or not once per trace, or where the sides' traces,
  ///   layers, query heads or steps are not the same.
  public func pairedDifferences(_ a: String, _ b: String) throws -> PairedComparison {
    try read { db in
      let (left, right) = (try self.sides(a, db), try self.sides(b, db))
      return try self.comparison(self.paired((a, left), (b, right)), runs: (nil, nil), db)
    }
  }

  /// - Parameters:
  ///   - pairs: the two sides, trace by trace, at least one.
  ///   - runs: the runs whose kernel samples alone count; nil for any.
  func comparison(_ pairs: [ComparedPair], runs: (a: Int64?, b: Int64?), _ db: Database) throws
    -> PairedComparison
  {
    let differences = try Self.comparedMetrics.map { metric in
      let series = try pairs.map { try self.series(metric, $0.a, $0.b, db) }
      // The pairs' own numbers seed the draws.
      let seed = series.reduce(UInt64(1)) { seed, pair in
        (pair.a + pair.b).reduce(seed) { ($0 ^ $1.bitPattern) &* 0x0000_0100_0000_01b3 }
      }
      return PairedDifference(metric: metric, series: series, seed: seed)
    }
    return try self.comparison(
      pairs, runs: runs, PairedDifference.adjusted(differences), try Extremes.all(pairs, db), db)
  }

  /// The same without intervals, from the means over steps, layers and heads, where a side has no steps stored.
  func means(_ pair: ComparedPair, runs: (a: Int64?, b: Int64?), _ db: Database) throws -> PairedComparison {
    let differences = try Self.comparedMetrics.compactMap { metric -> PairedDifference? in
      func mean(_ side: ComparedSide) throws -> Double? {
        try Double.fetchOne(
          db, sql: "SELECT \(metric) FROM quality WHERE configuration = ?", arguments: [side.id])
      }
      guard let a = try mean(pair.a), let b = try mean(pair.b) else { return nil }
      return PairedDifference(metric: metric, meanA: a, meanB: b)
    }
    return try comparison([pair], runs: runs, differences, [], db)
  }

  private func comparison(
    _ pairs: [ComparedPair], runs: (a: Int64?, b: Int64?), _ differences: [PairedDifference],
    _ extremes: [Extremes], _ db: Database
  ) throws -> PairedComparison {
    let sides = (pairs.map(\.a), pairs.map(\.b))
    return PairedComparison(
      a: pairs[0].a.label, b: pairs[0].b.label, traces: sides.0.map(\.title), differences: differences,
      bytes: try ByteDifference.all(pairs, db), kernel: try KernelDifference(pairs, runs: runs, db),
      modelled: try ModelledDifference.all(pairs, db), extremes: extremes,
      settings: ComparedSide.settings(sides.0, sides.1), footing: ComparedSide.footing(sides.0, sides.1))
  }

  /// What a side names on each trace. Where several builds gave the same bits, the last of them stands for all.
  private func sides(_ name: String, _ db: Database) throws -> [ComparedSide] {
    let side = SideName(name)
    // By a range first, of which there is an index: a label is stored with its budget.
    let named =
      side.configuration != nil
      ? "c.id = ?4"
      : "(c.label = ?1 OR c.label > ?1 || ' @ ' AND c.label < ?1 || ' @!' AND c.label = ?1 || ' @ ' || c.budget)"
    let rows = try Row.fetchAll(
      db,
      sql: """
        \(ComparedSide.sql)
        WHERE \(named) AND (?2 IS NULL OR c.budget = ?2)
          AND (?3 IS NULL OR substr(coalesce(c.build, '\(SourceBuild.unknown)'), 1, length(?3)) = ?3)
          AND (?4 IS NULL OR c.id = ?4) AND EXISTS (SELECT 1 FROM steps WHERE configuration = c.id)
        ORDER BY t.digest, c.id
        """, arguments: [side.label, side.budget, side.build, side.configuration])
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
  private func paired(_ a: (name: String, sides: [ComparedSide]), _ b: (name: String, sides: [ComparedSide]))
    throws -> [ComparedPair]
  {
    for side in [a, b] where side.sides.isEmpty {
      throw ResultsError(
        .unknownConfiguration, file: file, part: "\(a.name), \(b.name)",
        expected: "a trace on which both were replayed with --detail step",
        found: "none for \(side.name)", advice: "replay both in one command with --detail step")
    }
    func refuse(_ what: String, _ found: String) -> ResultsError {
      ResultsError(
        .unknownConfiguration, file: file, part: "\(a.name), \(b.name)",
        expected: "the same \(what) on both sides",
        found: found, advice: "replay both in one command with --detail step into a database of its own")
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

  private func series(_ metric: String, _ a: ComparedSide, _ b: ComparedSide, _ db: Database) throws
    -> (a: [Double], b: [Double])
  {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT avg(a.\(metric)) AS a, avg(b.\(metric)) AS b FROM steps AS a
        JOIN steps AS b ON b.configuration = ?2 AND b.layer = a.layer AND b.query_head = a.query_head AND b.step = a.step
        WHERE a.configuration = ?1 AND a.\(metric) IS NOT NULL AND b.\(metric) IS NOT NULL
        GROUP BY a.step ORDER BY a.step
        """, arguments: [a.id, b.id])
    if rows.isEmpty {
      throw ResultsError(
        .unknownConfiguration, file: file, part: "\(a.label), \(b.label)",
        expected: "steps of '\(a.title)' at which \(metric) is defined on both sides", found: "none",
        advice: "replay both again in one command with --detail step")
    }
    return (try rows.map { try $0.value("a") }, try rows.map { try $0.value("b") })
  }
}
