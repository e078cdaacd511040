import GRDB

/// The layers, heads and steps at which two configurations differ most in a metric.
public struct Extremes: Sendable, Equatable, Encodable {
  public let metric: String
  public let layers: [Place]
  public let heads: [Place]
  public let steps: [Place]

  /// How many of each are named.
  public static let count = 5

  /// Where it is; what the place does not tell apart is averaged over.
  public struct Place: Sendable, Equatable, Encodable {
    public let layer: Int?
    public let queryHead: Int?
    /// Decode step, counted from 0, and the token position of its query.
    public let step: Int?
    public let position: Int?
    /// Title of the text; nil where texts of a model are averaged.
    public let trace: String?
    /// Nil where all traces are of one model.
    public let model: String?
    public let a: Double
    public let b: Double
    /// B less A.
    public let difference: Double
  }

  static func all(_ pairs: [ComparedPair], _ db: Database) throws -> [Extremes] {
    try ["output_error", "recall"].map { metric in
      Extremes(
        metric: metric, layers: try places(metric, ["layer"], pairs, db),
        heads: try places(metric, ["layer", "query_head"], pairs, db),
        steps: try places(metric, ["step", "position"], pairs, db))
    }
  }

  /// What is averaged over traces: layers and heads of a model. A step is of its text alone.
  private struct Key: Hashable {
    let model: String
    let trace: Int?
    let numbers: [Int]
  }

  /// From each head's own values, where both sides are defined.
  private static func byHeads(_ metric: String, _ columns: [String]) -> String {
    let names = columns.map { "a.\($0)" }.joined(separator: ", ")
    return """
      SELECT \(names), avg(a.\(metric)) AS va, avg(b.\(metric)) AS vb FROM steps AS a
      JOIN steps AS b ON b.configuration = ?2 AND b.layer = a.layer AND b.query_head = a.query_head AND b.step = a.step
      WHERE a.configuration = ?1 AND a.\(metric) IS NOT NULL AND b.\(metric) IS NOT NULL GROUP BY \(names)
      """
  }

  /// From means over steps, or sums over heads, where both sides are defined as often.
  private static func bySums(_ metric: String, _ columns: [String], of table: String, _ statistic: String)
    -> String
  {
    let names = columns.map { "a.\($0)" }.joined(separator: ", ")
    func mean(_ side: String) -> String {
      let (value, count) = ("\(side).\(metric)_\(statistic)", "\(side).\(metric)_count")
      return "sum(\(statistic == "sum" ? value : "\(value) * \(count)")) / sum(\(count))"
    }
    let key = table == "step_sums" ? ["step"] : ["layer", "query_head"]
    let same = key.map { "b.\($0) = a.\($0)" }.joined(separator: " AND ")
    return """
      SELECT \(names), \(mean("a")) AS va, \(mean("b")) AS vb FROM \(table) AS a
      JOIN \(table) AS b ON b.configuration = ?2 AND \(same)
      WHERE a.configuration = ?1 AND a.\(metric)_count = b.\(metric)_count AND a.\(metric)_count > 0 GROUP BY \(names)
      """
  }

  private static func places(_ metric: String, _ columns: [String], _ pairs: [ComparedPair], _ db: Database)
    throws -> [Place]
  {
    let isStep = columns.contains("step")
    let hasModels = Set(pairs.map(\.a.modelDigest)).count > 1
    var found: [Key: [(a: Double, b: Double)]] = [:]
    for (index, pair) in pairs.enumerated() {
      let sql =
        pair.detail == .heads
        ? byHeads(metric, columns)
        : bySums(metric, columns, of: isStep ? "step_sums" : "head_summaries", isStep ? "sum" : "mean")
      let rows = try Row.fetchCursor(db, sql: sql, arguments: [pair.a.id, pair.b.id])
      while let row = try rows.next() {
        let key = Key(
          model: pair.a.modelDigest, trace: isStep ? index : nil,
          numbers: try columns.map { try row.value($0) })
        found[key, default: []].append((try row.value("va"), try row.value("vb")))
      }
    }
    let places = found.map { key, values in
      let (a, b) = (values.map(\.a).mean, values.map(\.b).mean)
      let names = Dictionary(uniqueKeysWithValues: zip(columns, key.numbers))
      return (
        key,
        Place(
          layer: names["layer"], queryHead: names["query_head"], step: names["step"],
          position: names["position"],
          trace: key.trace.map { pairs[$0].a.title },
          model: hasModels ? pairs.first { $0.a.modelDigest == key.model }?.a.model : nil, a: a, b: b,
          difference: b - a)
      )
    }
    // Ties by place, so that the order is the same every time.
    return places.filter { $0.1.difference != 0 }.sorted {
      let (x, y) = (abs($0.1.difference), abs($1.1.difference))
      if x != y { return x > y }
      return ([$0.0.trace ?? 0] + $0.0.numbers).lexicographicallyPrecedes(
        [$1.0.trace ?? 0] + $1.0.numbers)
    }.prefix(count).map(\.1)
  }
}
