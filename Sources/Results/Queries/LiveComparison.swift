import GRDB

/// Two rows of live runs side by side, over the texts that both were run on.
public struct LiveComparison: Sendable {
  /// Labels with their budgets.
  public let a: String
  public let b: String
  /// Titles of the texts, with their models.
  public let texts: [String]
  public let differences: [PairedDifference]
  /// Of the keys that both were asked for; nil where there are none.
  public let keys: Keys?

  public struct Keys: Sendable, Equatable, Encodable {
    public let asked: Int
    public let a: Int
    public let b: Int
  }
}

extension ResultsStore {
  /// B less A in what a live model's answers lost, over the runs that have both as rows.
  ///
  /// - Parameters:
  ///   - a: a label, with `@` and a budget where several budgets are stored.
  /// - Returns: nil where no live run has both.
  /// - Throws: ``ResultsError`` where a side's name stands for several rows of one run.
  public func liveComparison(_ a: String, _ b: String) throws -> LiveComparison? {
    try read { db in
      let (left, right) = (try self.liveRows(a, db), try self.liveRows(b, db))
      let pairs = left.compactMap { one in
        right.first { $0.run == one.run }.map { (a: one, b: $0) }
      }
      guard let first = pairs.first else { return nil }
      let texts = pairs.filter { $0.a.title != nil }
      let differences = try Self.liveMetrics.compactMap { metric -> PairedDifference? in
        let series = try texts.map { try self.liveSteps(metric, $0.a.id, $0.b.id, db) }
        guard !series.isEmpty, series.allSatisfy({ !$0.a.isEmpty }) else { return nil }
        return PairedDifference(metric: metric, series: series, seed: PairedSteps.seed(series))
      }
      return LiveComparison(
        a: first.a.label, b: first.b.label,
        texts: texts.map { "\($0.a.title ?? "") (\($0.a.model))" },
        differences: PairedDifference.adjusted(differences),
        keys: try self.liveKeys(pairs.filter { $0.a.title == nil }.map { ($0.a.id, $0.b.id) }, db))
    }
  }

  /// What comes first decides: KL tells policies apart where the NLL of the text's own tokens drowns in noise.
  private static let liveMetrics = [
    "kl", "nll", "flipped", "weighted_output_error", "open_loop_weighted_output_error", "recall",
    "open_loop_recall",
  ]

  private struct LiveSide {
    let id: Int64
    let run: Int64
    let label: String
    let title: String?
    let model: String
  }

  private func liveRows(_ name: String, _ db: Database) throws -> [LiveSide] {
    let side = SideName(name)
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT live_rows.id, live_run, label, text_title, model_name FROM live_rows
        JOIN live_runs ON live_runs.id = live_run
        WHERE policy = ?1 AND (?2 IS NULL OR budget = ?2) ORDER BY live_run, row
        """, arguments: [side.label, side.budget]
    ).map {
      LiveSide(
        id: try $0.value("id"), run: try $0.value("live_run"), label: try $0.value("label"),
        title: try $0.value("text_title"), model: try $0.value("model_name"))
    }
    let labels = Set(rows.map(\.label)).sorted()
    guard labels.count <= 1 else {
      throw ResultsError(
        .unknownConfiguration, file: file, part: name, expected: "one row of a live run",
        found: labels.joined(separator: ", "), advice: "add @ and a budget")
    }
    return rows
  }

  private func liveSteps(_ metric: String, _ a: Int64, _ b: Int64, _ db: Database) throws -> PairedSteps {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT a.\(metric) AS a, b.\(metric) AS b FROM live_steps AS a
        JOIN live_steps AS b ON b.live_row = ?2 AND b.step = a.step
        WHERE a.live_row = ?1 AND a.\(metric) IS NOT NULL AND b.\(metric) IS NOT NULL ORDER BY a.step
        """, arguments: [a, b])
    return PairedSteps(
      a: try rows.map { try $0.value("a") }, b: try rows.map { try $0.value("b") },
      weights: Array(repeating: 1, count: rows.count))
  }

  private func liveKeys(_ pairs: [(Int64, Int64)], _ db: Database) throws -> LiveComparison.Keys? {
    var (asked, a, b) = (0, 0, 0)
    for pair in pairs {
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT count(*) AS asked, total(a.found) AS a, total(b.found) AS b FROM live_keys AS a
          JOIN live_keys AS b USING (context_length, depth, number, seed) WHERE a.live_row = ? AND b.live_row = ?
          """, arguments: [pair.0, pair.1])
      asked += try row?.value("asked") ?? 0
      a += Int(try row?.value("a") as Double? ?? 0)
      b += Int(try row?.value("b") as Double? ?? 0)
    }
    return asked > 0 ? LiveComparison.Keys(asked: asked, a: a, b: b) : nil
  }
}
