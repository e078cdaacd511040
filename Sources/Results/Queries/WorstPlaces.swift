import GRDB
import Policies

/// The layers, query heads and steps of a stored configuration at which it does worst.
public struct WorstPlaces: Sendable, Equatable {
  /// Label with its budget.
  public let label: String
  /// Title of the text.
  public let trace: String
  public let layers: [Place]
  public let heads: [Place]
  /// Decode steps, with the positions of their queries; empty where an older fasa-sim stored means alone.
  public let steps: [Place]

  /// What places are ordered by: the worst first.
  public enum Order: String, Sendable, CaseIterable {
    case outputError = "output-error"
    case weightedError = "weighted-error"
    case recall, mass

    fileprivate var column: String {
      switch self {
      case .outputError: "output_error"
      case .weightedError: "weighted_output_error"
      case .recall, .mass: rawValue
      }
    }

    /// Whether a high value is bad.
    fileprivate var isLoss: Bool { self == .outputError || self == .weightedError }
  }

  /// A place with its means over all that it does not tell apart; nil where a metric is not defined, or was not stored.
  public struct Place: Sendable, Equatable, Encodable {
    public let layer: Int?
    public let queryHead: Int?
    /// Counted from 0.
    public let step: Int?
    public let position: Int?
    public let recall: Double?
    public let mass: Double?
    public let outputError: Double?
    public let weightedOutputError: Double?
  }
}

extension ResultsStore {
  /// - Parameters:
  ///   - name: A label with `@` and a budget, and more where that is not one configuration, as ``pairedDifferences(_:_:)``
  ///     takes it.
  ///   - most: Places of each kind.
  /// - Returns: One for each trace that the name is stored on.
  /// - Throws: ``ResultsError`` where the name is unknown or is not one configuration of a trace.
  public func worstPlaces(of name: String, by order: WorstPlaces.Order, most: Int) throws -> [WorstPlaces] {
    try read { db in
      try self.sides(name, db).map { side in
        func places(_ table: String, _ keys: [String], _ columns: String) throws -> [WorstPlaces.Place] {
          let names = keys.joined(separator: ", ")
          return try Row.fetchAll(
            db,
            sql: """
              SELECT * FROM (SELECT \(names), \(columns) FROM \(table) WHERE configuration = ? GROUP BY \(names))
              WHERE \(order.column) IS NOT NULL
              ORDER BY \(order.column) \(order.isLoss ? "DESC" : "ASC"), \(names) LIMIT ?
              """, arguments: [side.id, most]
          ).map { try WorstPlaces.Place($0, keys) }
        }
        func means(_ columns: [String]) -> String {
          columns.map { "sum(\($0)_mean * \($0)_count) / sum(\($0)_count) AS \($0)" }.joined(separator: ", ")
        }
        let summaries = """
          \(means(["recall", "mass", "output_error"])),
          sum(head_summaries.weighted_output_error * output_norm_sum) / sum(output_norm_sum) AS weighted_output_error
          """
        return try WorstPlaces(
          label: side.label, trace: side.title, layers: places("head_summaries", ["layer"], summaries),
          heads: places("head_summaries", ["layer", "query_head"], summaries),
          steps: places(
            "step_quality", ["step", "position"], "recall, mass, output_error, weighted_output_error"))
      }
    }
  }
}

extension WorstPlaces.Place {
  fileprivate init(_ row: Row, _ keys: [String]) throws {
    func number(_ name: String) throws -> Int? { keys.contains(name) ? try row.value(name) : nil }
    layer = try number("layer")
    queryHead = try number("query_head")
    step = try number("step")
    position = try number("position")
    recall = try row.value("recall")
    mass = try row.value("mass")
    outputError = try row.value("output_error")
    weightedOutputError = try row.value("weighted_output_error")
  }
}
