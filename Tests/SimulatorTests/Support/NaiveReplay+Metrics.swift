import Attention
import Policies

@testable import Simulator

extension NaiveReplay {
  /// Metrics of a query head that chose `sets`, one per row, as metrics-by-definition have them.
  ///
  /// - Parameters:
  ///   - group: the sets of every head of the group, this head's own included.
  ///   - budgets: k of every row; nil where a policy sizes its own sets.
  func metrics(
    layer: Int, head: Int, rows: [Int], group: [[Set<Int>]], budgets: [Int]?
  ) -> [Metric: [Double]] {
    let sets = group[head % groupSize]
    var result: [Metric: [Double]] = [:]
    for (index, row) in rows.enumerated() {
      let chosen = sets[index]
      let full = full(layer: layer, head: head, row: row)
      let oracle = Self.best(full.scores, budgets?[index] ?? chosen.count)
      let common = Double(chosen.intersection(oracle).count)
      let mass = Self.mass(full.weights, of: chosen)
      let oracleMass = Self.mass(full.weights, of: oracle)
      let before = index > 0 ? sets[index - 1] : []
      let values: [Metric: Double] = [
        .recall: common / Double(oracle.count), .precision: common / Double(chosen.count), .mass: mass,
        .oracleMass: oracleMass, .massRatio: mass / oracleMass,
        .outputError: outputError(full, chosen, layer: layer, head: head),
        .oracleOutputError: outputError(full, oracle, layer: layer, head: head),
        .selected: Double(chosen.count), .visible: Double(full.scores.count),
        .groupUnion: Double(group.reduce(Set<Int>()) { $0.union($1[index]) }.count),
        .jaccardPrevious: index == 0
          ? .nan : Double(before.intersection(chosen).count) / Double(before.union(chosen).count),
      ]
      for (metric, value) in values { result[metric, default: []].append(value) }
    }
    return result
  }

  /// Σ‖o_S − o‖₂ and Σ‖o‖₂ of a query head that chose `sets`, one per row.
  func weightedError(layer: Int, head: Int, rows: [Int], sets: [Set<Int>]) -> (
    differences: Double, norms: Double
  ) {
    zip(rows, sets).reduce((0, 0)) { sums, step in
      let full = full(layer: layer, head: head, row: step.0)
      return (
        sums.0 + outputDifference(full, step.1, layer: layer, head: head), sums.1 + Self.norm(full.output)
      )
    }
  }

  /// ‖Wo (o_S − o)‖₂ and ‖Wo o‖₂ of each row, of query heads that chose `sets`.
  ///
  /// - Parameter sets: `[query head][row]`
  func projectedError(layer: Int, rows: [Int], sets: [[Set<Int>]]) -> [(difference: Double, norm: Double)] {
    func norm(_ outputs: [Double]) -> Double {
      Self.norm(
        trace.projections[layer].map { row in zip(row, outputs).reduce(0) { $0 + Double($1.0) * $1.1 } })
    }
    return rows.enumerated().map { index, row in
      let full = sets.indices.map { self.full(layer: layer, head: $0, row: row) }
      let parts = sets.indices.map {
        output(attention(full[$0].scores, over: sets[$0][index]), layer: layer, head: $0)
      }
      let outputs = full.flatMap(\.output)
      return (norm(zip(parts.joined(), outputs).map { $0 - $1 }), norm(outputs))
    }
  }

  static func mass(_ weights: Row, of tokens: Set<Int>) -> Double {
    weights.reduce(0) { tokens.contains($1.token) ? $0 + $1.value : $0 }
  }

  /// The budget of a row: a count, or a share of what the query sees rounded down.
  func k(_ budget: Budget, layer: Int, row: Int) -> Int {
    let count = visible(layer: layer, row: row).count
    switch budget {
    case .tokens(let tokens): return max(1, min(tokens, count))
    case .share(let share): return max(1, Int(Double(count) * share))
    }
  }

  /// FNV-1a over ascending token numbers, as 32-bit words.
  static func hash(_ tokens: Set<Int>) -> UInt64 {
    tokens.sorted().reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}
