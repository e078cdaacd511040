import GRDB

/// The difference of two configurations in one metric, on identical queries, with a bootstrap interval.
///
/// Pairs are (step, layer, query head) of one trace. Heads and layers of a step are not independent, and neighbouring steps are
/// alike: so the differences are averaged per step, and blocks of consecutive steps are drawn anew, with
/// replacement, within each trace. Traces weigh alike.
public struct PairedDifference: Sendable, Equatable {
  public let metric: String
  public let meanA: Double
  public let meanB: Double
  /// B less A.
  public let difference: Double
  /// Of the difference, 2.5th and 97.5th percentile of the resamples.
  public let low: Double
  public let high: Double

  /// Resamples of an interval.
  public static let resamples = 10_000
  /// Consecutive steps that are drawn together.
  public static let blockSteps = 8

  /// - Parameter series: per trace the values of A and B, averaged per step.
  init(metric: String, series: [(a: [Double], b: [Double])], seed: UInt64) {
    self.metric = metric
    func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(values.count, 1)) }
    meanA = mean(series.map { mean($0.a) })
    meanB = mean(series.map { mean($0.b) })
    let differences = series.map { zip($0.b, $0.a).map { $0 - $1 } }
    difference = mean(differences.map(mean))
    var generator = SeededGenerator(seed: seed)
    let drawn = (0..<Self.resamples).map { _ in
      mean(differences.map { Self.resampledMean($0, &generator) })
    }.sorted()
    low = drawn[Int(0.025 * Double(drawn.count - 1))]
    high = drawn[Int((0.975 * Double(drawn.count - 1)).rounded(.up))]
  }

  /// The mean of as many steps, drawn in blocks that wrap round.
  private static func resampledMean(_ steps: [Double], _ generator: inout SeededGenerator) -> Double {
    var (sum, left) = (0.0, steps.count)
    while left > 0 {
      let start = Int(generator.next() % UInt64(steps.count))
      let count = min(blockSteps, left)
      for offset in 0..<count { sum += steps[(start + offset) % steps.count] }
      left -= count
    }
    return sum / Double(max(steps.count, 1))
  }
}

/// SplitMix64 (doi:10.1145/2660193.2660195): the same draws on every machine.
struct SeededGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

extension ResultsStore {
  /// Metrics that are compared.
  public static let comparedMetrics = ["recall", "mass", "output_error"]

  /// B less A in each metric over the traces on which both are stored with every step.
  ///
  /// - Parameters:
  ///   - a: A label as `summary` shows it; with `@` and a budget where several budgets are stored.
  /// - Throws: ``ResultsError`` where a side is not stored with its steps, or not once per trace.
  public func pairedDifferences(_ a: String, _ b: String) throws -> (
    traces: [String], differences: [PairedDifference]
  ) {
    try read { db in
      let (left, right) = (try self.sides(a, db), try self.sides(b, db))
      let traces = left.keys.filter { right[$0] != nil }.sorted()
      guard !traces.isEmpty else {
        throw ResultsError(
          .unknownConfiguration, file: file, part: "\(a), \(b)",
          expected: "a trace on which both were replayed with --detail step",
          found: "none", advice: "replay both in one command with --detail step")
      }
      let differences = try Self.comparedMetrics.map { metric in
        let series = try traces.compactMap { trace -> (a: [Double], b: [Double])? in
          guard let first = left[trace], let second = right[trace] else { return nil }
          return try Self.series(metric, first, second, db)
        }
        // The pairs' own numbers seed the draws.
        let seed = series.reduce(UInt64(1)) { seed, pair in
          (pair.a + pair.b).reduce(seed) { ($0 ^ $1.bitPattern) &* 0x0000_0100_0000_01b3 }
        }
        return PairedDifference(metric: metric, series: series, seed: seed)
      }
      return (
        try traces.map {
          try String.fetchOne(db, sql: "SELECT text_title FROM traces WHERE digest = ?", arguments: [$0])
            ?? $0
        }, differences
      )
    }
  }

  /// Per trace the configuration that a side names.
  private func sides(_ name: String, _ db: Database) throws -> [String: Int64] {
    let parts = name.split(separator: "@").map { $0.trimmingPrefix(" ") }
    let label = parts.first.map { String($0).trimmingTrailingSpace } ?? name
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT c.id, t.digest FROM configurations AS c JOIN traces AS t ON t.id = c.trace
        WHERE (c.label = ?1 OR c.label = ?1 || ' @ ' || c.budget) AND (?2 IS NULL OR c.budget = ?2) AND EXISTS (SELECT 1 FROM steps WHERE configuration = c.id)
        ORDER BY c.id
        """, arguments: [label, parts.count > 1 ? String(parts[1]) : nil])
    var result: [String: Int64] = [:]
    for row in rows {
      guard result.updateValue(row["id"], forKey: row["digest"]) == nil else {
        throw ResultsError(
          .unknownConfiguration, file: file, part: name, expected: "one configuration of that name per trace",
          found: "several", advice: "name its budget, as in '\(label)@256', or use a database of its own")
      }
    }
    return result
  }

  private static func series(_ metric: String, _ a: Int64, _ b: Int64, _ db: Database) throws -> (
    a: [Double], b: [Double]
  ) {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT avg(a.\(metric)) AS a, avg(b.\(metric)) AS b FROM steps AS a
        JOIN steps AS b ON b.configuration = ?2 AND b.layer = a.layer AND b.query_head = a.query_head AND b.step = a.step
        WHERE a.configuration = ?1 AND a.\(metric) IS NOT NULL AND b.\(metric) IS NOT NULL
        GROUP BY a.step ORDER BY a.step
        """, arguments: [a, b])
    return (rows.map { $0["a"] }, rows.map { $0["b"] })
  }
}

extension String {
  fileprivate var trimmingTrailingSpace: String { String(reversed().drop { $0 == " " }.reversed()) }
}
