import Policies

/// The oracle's choice and its worth, computed once per set of budgets whoever asks.
package final class OracleMeasures {
  struct Measure {
    let chosen: Selections
    let mass: [Double]
    let outputError: [Double]
  }

  private let exact: ExactAttention
  private var known: [[Int]: Measure] = [:]

  package init(_ exact: ExactAttention) { self.exact = exact }

  /// - Parameter budgets: k of every row.
  func measure(budgets: [Int]) -> Measure {
    if let found = known[budgets] { return found }
    let chosen = exact.block.best(exact.block.fullScores(), budgets: budgets)
    let worth = (0..<chosen.rows).map { row in chosen.withTokens(row) { exact.measure(row, $0) } }
    let result = Measure(chosen: chosen, mass: worth.map(\.mass), outputError: worth.map(\.outputError))
    known[budgets] = result
    return result
  }
}
