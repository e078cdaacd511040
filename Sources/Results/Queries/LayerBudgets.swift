import GRDB
import Policies

/// Of each layer the smallest stored budget at which a policy meets a target there.
public struct LayerBudgets: Sendable, Equatable {
  /// The policy's label, without a budget.
  public let label: String
  /// Title of the text.
  public let trace: String
  /// Stored budgets, the smallest first.
  public let budgets: [String]
  public let layers: [Layer]
  /// What a budget for each layer takes in the mean, beside the smallest one that does for every layer alone; nil where
  /// some layer meets the target at none.
  public let meanTokens: Double?
  public let uniformTokens: Double?

  public struct Layer: Sendable, Equatable, Encodable {
    public let layer: Int
    /// Nil where no stored budget meets the target.
    public let budget: String?
    /// Tokens that a head attends to in the mean, of those that it sees.
    public let tokens: Double?
    /// At that budget; at the largest where there is none.
    public let outputError: Double?
  }
}

extension ResultsStore {
  /// Of every layer the smallest stored budget whose mean output error there is at most `target`.
  ///
  /// A layer's error is told with the same budget in all layers before it: open loop, as replays are.
  ///
  /// - Parameter name: A label without a budget, as ``pairedDifferences(_:_:)`` takes it otherwise.
  /// - Returns: One for each trace that the name is stored on.
  /// - Throws: ``ResultsError`` where the name is unknown or its policy takes no budget, or two configurations of it have the same budget on a trace.
  public func layerBudgets(of name: String, target: Double) throws -> [LayerBudgets] {
    try read { db in
      let query: SQL = "\(sql: ComparedSide.sql) WHERE \(SideName(name).condition()) ORDER BY c.id"
      let sides = try SQLRequest<Row>(literal: query).fetchAll(db).map(ComparedSide.init)
      guard !sides.isEmpty else { throw try self.unknownConfiguration(name, db) }
      guard sides.allSatisfy({ $0.budget != nil }) else {
        throw ResultsError(
          .unknownConfiguration, file: self.file, part: "'\(name)'", expected: "a policy that takes a budget",
          found: "one that sizes its own sets", advice: "see where it does worst, without a target")
      }
      return try Dictionary(grouping: sides, by: \.digest).sorted { $0.key < $1.key }.map { _, sides in
        for (_, same) in Dictionary(grouping: sides, by: \.budget).sorted(by: {
          $0.value[0].id < $1.value[0].id
        })
        where Set(same.map(\.outcome)).count > 1 {
          throw self.ambiguous(name, same)
        }
        return try self.layerBudgets(sides, target: target, db)
      }
    }
  }

  private struct Found {
    let budget: String?
    let tokens: Double
    let error: Double?
  }

  private func layerBudgets(_ sides: [ComparedSide], target: Double, _ db: Database) throws -> LayerBudgets {
    var found: [Int: [Found]] = [:]
    var whole: [(budget: String?, tokens: Double)] = []
    for side in Dictionary(sides.map { ($0.budget, $0) }, uniquingKeysWith: { $1 }).values {
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT layer, avg(selected_mean) AS tokens, sum(output_error_mean * output_error_count) / sum(output_error_count) AS error
          FROM head_summaries WHERE configuration = ? GROUP BY layer
          """, arguments: [side.id])
      for row in rows {
        found[try row.value("layer"), default: []].append(
          Found(budget: side.budget, tokens: try row.value("tokens"), error: try row.value("error")))
      }
      whole.append((side.budget, try rows.map { try $0.value("tokens") }.mean))
    }
    func meets(_ found: Found) -> Bool { found.error.map { $0 <= target } ?? false }
    let layers = found.sorted { $0.key < $1.key }.map { layer, points in
      let ordered = points.sorted { $0.tokens < $1.tokens }
      let least = ordered.first(where: meets)
      return LayerBudgets.Layer(
        layer: layer, budget: least?.budget, tokens: least?.tokens,
        outputError: (least ?? ordered.last)?.error)
    }
    whole.sort { $0.tokens < $1.tokens }
    let uniform = whole.first { at in
      found.values.allSatisfy { $0.contains { $0.budget == at.budget && meets($0) } }
    }
    let tokens = layers.compactMap(\.tokens)
    return LayerBudgets(
      label: ConfigurationLabel(sides[0].label).policy, trace: sides[0].title,
      budgets: whole.compactMap(\.budget), layers: layers,
      meanTokens: tokens.count == layers.count ? tokens.mean : nil, uniformTokens: uniform?.tokens)
  }
}
