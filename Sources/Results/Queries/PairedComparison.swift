import GRDB
import Policies

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
  /// B less A in each metric, in bytes and times, over the traces on which both are stored; with intervals where each step's
  /// sums are.
  ///
  /// - Parameters:
  ///   - a: A label as `summary` shows it; with `@` and a budget where several budgets are stored, with `@layers:`, `@build:`
  ///     and others of ``SideQualifier`` where several of one label are; or `configuration:` and a row's number.
  /// - Throws: ``ResultsError`` where a side is not stored, or not once per trace, or where the sides' traces, layers, query
  ///   heads or steps are not the same.
  public func pairedDifferences(_ a: String, _ b: String) throws -> PairedComparison {
    try read { db in
      let (left, right) = (try self.sides(a, db), try self.sides(b, db))
      let pairs = try self.paired((a, left), (b, right))
      return try pairs.allSatisfy { $0.detail > .means }
        ? self.comparison(pairs, runs: (nil, nil), db) : self.means(pairs, runs: (nil, nil), db)
    }
  }

  /// Whether replays of both sides are stored, with their steps or without.
  ///
  /// - Throws: ``ResultsError``
  public func hasReplay(of a: String, _ b: String) throws -> Bool {
    try read { db in
      try [a, b].allSatisfy { name in
        let query: SQL = "SELECT EXISTS (\(sql: ComparedSide.sql) WHERE \(SideName(name).condition()))"
        return try SQLRequest<Bool>(literal: query).fetchOne(db) == true
      }
    }
  }

  /// - Parameters:
  ///   - pairs: the two sides, trace by trace, at least one.
  ///   - runs: the runs whose kernel samples alone count; nil for any.
  ///   - places: whether to say where the sides differ most.
  func comparison(
    _ pairs: [ComparedPair], runs: (a: Int64?, b: Int64?), places: Bool = true, _ db: Database
  ) throws -> PairedComparison {
    let differences = try ComparedMetric.all.compactMap { metric -> PairedDifference? in
      let series = try pairs.compactMap { try self.series(metric, $0, db) }
      guard series.count == pairs.count else { return try self.means(of: metric.name, pairs, db) }
      guard series.allSatisfy({ !$0.weights.isEmpty }) else { return nil }
      return PairedDifference(metric: metric.name, series: series, seed: PairedSteps.seed(series))
    }
    return try self.comparison(
      pairs, runs: runs, PairedDifference.adjusted(differences), places ? try Extremes.all(pairs, db) : [], db
    )
  }

  /// The same without intervals, from the means over steps, layers and heads, where those are all that a side has stored.
  func means(_ pairs: [ComparedPair], runs: (a: Int64?, b: Int64?), _ db: Database) throws -> PairedComparison
  {
    let differences = try ComparedMetric.all.compactMap { try self.means(of: $0.name, pairs, db) }
    return try comparison(pairs, runs: runs, differences, [], db)
  }

  /// - Returns: Nil where a side has none.
  private func means(of metric: String, _ pairs: [ComparedPair], _ db: Database) throws -> PairedDifference? {
    func mean(_ side: ComparedSide) throws -> Double? {
      try Double.fetchOne(
        db, sql: "SELECT \(metric) FROM quality WHERE configuration = ?", arguments: [side.id])
    }
    let (a, b) = (try pairs.compactMap { try mean($0.a) }, try pairs.compactMap { try mean($0.b) })
    guard a.count == pairs.count, b.count == pairs.count else { return nil }
    return PairedDifference(metric: metric, meanA: a, meanB: b)
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

  /// - Returns: Nil where the metric is defined at some heads of one side alone, and only sums over heads are stored; no steps
  ///   where a side lacks what not every configuration has.
  private func series(_ metric: ComparedMetric, _ pair: ComparedPair, _ db: Database) throws -> PairedSteps? {
    let (a, b) = (pair.a, pair.b)
    let sums = try metric.sums(a, b, db)
    guard let steps = try sums ?? (pair.detail == .heads ? metric.steps(a, b, db) : nil) else { return nil }
    guard steps.weights.isEmpty, !metric.isOptional else { return steps }
    throw ResultsError(
      .unknownConfiguration, file: file, part: "\(a.label), \(b.label)",
      expected: "steps of '\(a.title)' at which \(metric.name) is defined on both sides", found: "none",
      advice: "replay both again in one command with detail step")
  }
}
