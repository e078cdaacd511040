import GRDB

/// Two runs, configuration by configuration.
public struct RunComparison: Sendable {
  /// One per label that both runs asked for on the same part of the same trace, by label, then trace.
  public let pairs: [PairedComparison]
  /// Configurations without a partner.
  public let unpairedA: [String]
  public let unpairedB: [String]
  /// Pairs of which a side is stored with means alone, and which have no interval for that.
  public let withoutSteps: [String]
}

extension ResultsStore {
  /// Pairs what two runs asked for by label with budget, trace, layers, heads and steps.
  ///
  /// p is corrected over all metrics of all pairs.
  ///
  /// - Parameter places: whether each pair says where it differs most, which takes longer than all else where every head's steps
  ///   are stored.
  /// - Throws: ``ResultsError`` where a run is unknown, or the two have nothing in common.
  public func pairedRuns(_ a: Int64, _ b: Int64, places: Bool = true) throws -> RunComparison {
    try read { db in
      let (left, right) = (try self.configurations(ofRun: a, db), try self.configurations(ofRun: b, db))
      let keys = left.keys.filter { right[$0] != nil }.sorted {
        ([$0.label] + $0.part).lexicographicallyPrecedes([$1.label] + $1.part)
      }
      guard !keys.isEmpty else {
        throw ResultsError(
          .unknownConfiguration, file: file, part: "run:\(a), run:\(b)",
          expected: "a configuration that both asked for on the same layers, heads and steps of a trace",
          found: "none among \(left.count) and \(right.count)",
          advice:
            "see what they are: SELECT run, label FROM run_configurations JOIN configurations ON id = configuration"
        )
      }
      let whole = Set(
        keys.filter { key in
          [left[key], right[key]].allSatisfy { $0?.detail != .means }
        })
      let comparisons = try keys.compactMap { key -> PairedComparison? in
        guard let mine = left[key], let other = right[key] else { return nil }
        let pair = [ComparedPair(a: mine, b: other)]
        return try whole.contains(key)
          ? self.comparison(pair, runs: (a, b), places: places, db) : self.means(pair, runs: (a, b), db)
      }
      func names(_ sides: [RunKey: ComparedSide], without others: [RunKey: ComparedSide]) -> [String] {
        sides.filter { others[$0.key] == nil }.map { "\($0.value.label), \($0.value.place)" }.sorted()
      }
      return RunComparison(
        pairs: adjusted(comparisons), unpairedA: names(left, without: right),
        unpairedB: names(right, without: left),
        withoutSteps: keys.filter { !whole.contains($0) }.map(\.label))
    }
  }

  static func unknown(run: Int64, in file: String) -> ResultsError {
    ResultsError(
      .unknownRun, file: file, part: "run:\(run)", expected: "a stored run", found: "none of that number",
      advice: "see which there are: SELECT id, command_line FROM runs")
  }

  private struct RunKey: Hashable {
    let label: String
    let part: [String]
  }

  private func configurations(ofRun run: Int64, _ db: Database) throws -> [RunKey: ComparedSide] {
    guard
      try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM runs WHERE id = ?)", arguments: [run]) == true
    else {
      throw Self.unknown(run: run, in: file)
    }
    let sides = try Row.fetchAll(
      db,
      sql:
        "\(ComparedSide.sql) JOIN run_configurations AS r ON r.configuration = c.id WHERE r.run = ? ORDER BY c.id",
      arguments: [run]
    ).map(ComparedSide.init)
    // The last, where a run gave several results of one configuration.
    return Dictionary(sides.map { (RunKey(label: $0.label, part: $0.part), $0) }) { _, last in last }
  }

  /// Holm's correction over the metrics of all pairs.
  private func adjusted(_ comparisons: [PairedComparison]) -> [PairedComparison] {
    var rest = PairedDifference.adjusted(comparisons.flatMap(\.differences))[...]
    return comparisons.map { comparison in
      var next = comparison
      next.differences = Array(rest.prefix(comparison.differences.count))
      rest = rest.dropFirst(comparison.differences.count)
      return next
    }
  }
}
