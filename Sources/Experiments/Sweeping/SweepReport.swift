import Policies
import Results

/// What a sweep tells at its end: the best policies by budget.
public struct SweepReport {
  let plan: SweepPlan
  /// By trace, then configuration.
  public let rows: [SummaryRow]
  let run: Int64?
  /// Configurations that were stored already.
  public let reused: Int
  let traces: Int
  let seconds: Double
  public let notes: [String]

  /// How many of each budget are shown.
  static let shown = 3

  /// A configuration over the traces: means in which traces weigh alike.
  public struct Line: Encodable {
    public let budget: String?
    /// From 1, by output error.
    public let rank: Int
    public let policy: String
    /// With its parameters and budget, as the configurations' own.
    public let label: String
    public let outputError: Double
    public let oracleOutputError: Double?
    public let weightedOutputError: Double?
    public let recall: Double?
    public let mass: Double?
    public let perHeadBytesShare: Double?
    public let groupUnionBytesShare: Double?
  }

  /// The report as an object.
  public struct JSON: Encodable {
    let database: String
    let run: Int64?
    let reusedConfigurations: Int
    let best: [Line]
    let notes: [String]
    let configurations: [SummaryRow]
  }

  /// - Parameter database: its name, as the report is to tell it.
  public func json(database: String) -> JSON {
    JSON(
      database: database, run: run, reusedConfigurations: reused, best: best, notes: notes,
      configurations: rows)
  }

  /// The best of each budget, in the plan's order; policies that size their own sets last. Bounds are no methods, and
  /// a configuration that a trace left out cannot be ranked beside others.
  public var best: [Line] {
    let budgets = plan.budgets.map(\.description) as [String?] + [nil]
    return budgets.flatMap { budget -> [Line] in
      let candidates = Dictionary(
        grouping: rows.filter { $0.budget == budget && $0.kind != "bound" }, by: \.label)
      let ranked = candidates.filter { $0.value.count == traces }.compactMap { label, rows in
        Self.mean(rows.map(\.outputError)).map { (label: label, error: $0, rows: rows) }
      }.sorted { ($0.error, $0.label) < ($1.error, $1.label) }
      return ranked.prefix(Self.shown).enumerated().map { place, line in
        Line(
          budget: budget, rank: place + 1,
          policy: line.rows.first?.policy ?? "", label: line.label,
          outputError: line.error, oracleOutputError: Self.mean(line.rows.map(\.oracleOutputError)),
          weightedOutputError: Self.mean(line.rows.map(\.weightedOutputError)),
          recall: Self.mean(line.rows.map(\.recall)), mass: Self.mean(line.rows.map(\.mass)),
          perHeadBytesShare: Self.mean(line.rows.map(\.perHeadBytesShare)),
          groupUnionBytesShare: Self.mean(line.rows.map(\.groupUnionBytesShare)))
      }
    }
  }

  /// Nil where one is.
  private static func mean(_ values: [Double?]) -> Double? {
    let known = values.compactMap(\.self)
    return known.count == values.count && !known.isEmpty ? known.reduce(0, +) / Double(known.count) : nil
  }

  /// The best as a table with notes, as text.
  ///
  /// - Parameter database: its name, as the text is to tell it.
  public func text(database: String) -> String { document(database: database).text() }

  /// The same, to be laid out.
  package func document(database: String) -> Document {
    let best = best
    let table = TextTable(
      best,
      [
        .right("budget") { $0.budget ?? "its own" },
        .right("") { "\($0.rank)" },
        .left("policy") { ConfigurationLabel($0.label).policy },
        .right("output error") { NumberText.decimal($0.outputError) },
        .right("oracle's", drop: 1) { NumberText.decimal($0.oracleOutputError) },
        .right("weighted", drop: 4) { NumberText.decimal($0.weightedOutputError) },
        .right("recall", drop: 5) { NumberText.decimal($0.recall) },
        .right("mass", drop: 2) { NumberText.decimal($0.mass) },
        .right("bytes/head", drop: 3) { NumberText.percent($0.perHeadBytesShare) },
        .right("bytes/group") { NumberText.percent($0.groupUnionBytesShare) },
      ])
    let named = Set(best.map { ConfigurationLabel($0.label).policy })
    let compared = plan.request.policies.configurations.filter { named.contains($0.label) }
    let footing = ComparisonNotes.notes(compared)
    return Document([
      .table(table),
      .notes(
        UndefinedNote.notes(rows) + footing + notes,
        then: [
          "the \(Self.shown) lowest output errors of each budget, means over \(traces) \(traces == 1 ? "trace" : "traces"); bounds left out",
          "\(NumberText.grouped(rows.count)) configurations in \(database)"
            + (reused > 0 ? ", \(NumberText.grouped(reused)) of which were there already" : "")
            + "; took \(NumberText.decimal(seconds, places: 0)) s",
        ]),
    ])
  }
}
