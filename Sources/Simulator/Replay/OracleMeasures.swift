import Policies

/// The oracle's choice and its worth, computed once per set of budgets whoever asks.
package final class OracleMeasures {
  struct Measure {
    let chosen: Selections
    let mass: [Double]
    let outputError: [Double]
    /// What the outputs differ by from full attention's, `[row][valueDim]`; empty where that is not kept.
    let differences: [Float]

    func copyDifference(_ row: Int, into out: UnsafeMutablePointer<Float>) {
      let width = differences.count / max(chosen.rows, 1)
      for channel in 0..<width { out[channel] = differences[row * width + channel] }
    }
  }

  private let exact: ExactAttention
  private let keepsDifferences: Bool
  private var known: [[Int]: Measure] = [:]

  package init(_ exact: ExactAttention, keepsDifferences: Bool = false) {
    self.exact = exact
    self.keepsDifferences = keepsDifferences
  }

  /// - Parameter budgets: k of every row.
  func measure(budgets: [Int]) -> Measure {
    if let found = known[budgets] { return found }
    let chosen = exact.block.best(exact.block.fullScores(), budgets: budgets)
    let width = keepsDifferences ? exact.values.channels : 0
    var differences = Array(repeating: Float(0), count: chosen.rows * width)
    let worth = differences.withUnsafeMutableBufferPointer { all in
      (0..<chosen.rows).map { row in
        let difference = keepsDifferences ? all.baseAddress.map { $0 + row * width } : nil
        return chosen.withTokens(row) { exact.measure(row, $0, difference: difference) }
      }
    }
    let result = Measure(
      chosen: chosen, mass: worth.map(\.mass), outputError: worth.map(\.outputError),
      differences: differences)
    known[budgets] = result
    return result
  }
}
