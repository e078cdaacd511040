import Foundation
import Simulator

/// A made-up space: methods with two parameters and a budget. Loss falls and cost rises with the budget; each method has
/// one best setting, and one method is best of all.
struct Landscape: SearchSpace {
  struct Method: Hashable {
    let name: Int
    let x: Int
    let y: Int
  }

  struct Candidate: Hashable {
    let method: Method
    let budget: Double
  }

  let methods = 6
  let settings = 5
  let steps = (1...8).map { exp2(-Double($0)) }.reversed() as [Double]
  var gridSize: Double { Double(methods * settings * settings * steps.count) }
  var budgets: ClosedRange<Double> { 0.001...0.9 }
  var grid: [Candidate] {
    (0..<methods).flatMap { name in
      (0..<settings).flatMap { x in
        (0..<settings).flatMap { y in
          steps.map { Candidate(method: Method(name: name, x: x, y: y), budget: $0) }
        }
      }
    }
  }

  func initial(_ count: Int, seed: UInt64) -> [Candidate] {
    if gridSize <= Double(count) { return grid }
    var random = SeededRandom(seed)
    return Array(grid.shuffled(using: &random).prefix(count))
  }

  func neighbours(of candidate: Candidate) -> [Candidate] {
    let own = candidate.method
    return [(1, 0), (-1, 0), (0, 1), (0, -1)].map { Method(name: own.name, x: own.x + $0.0, y: own.y + $0.1) }
      .filter { (0..<settings).contains($0.x) && (0..<settings).contains($0.y) }
      .map { Candidate(method: $0, budget: candidate.budget) }
  }

  func family(of candidate: Candidate) -> (family: Method, budget: Double)? {
    (candidate.method, candidate.budget)
  }

  func candidate(of family: Method, budget: Double) -> Candidate { Candidate(method: family, budget: budget) }

  /// Method 4 at (1, 3) is best: its loss at a budget is the least, and it costs what the others do.
  static func tradeOff(_ candidate: Candidate, noise: Double = 0, target: Double) -> TradeOff {
    let method = candidate.method
    let miss = abs(method.x - (method.name + 2) % 5) + abs(method.y - (method.name * 2 + 5) % 5)
    let badness = 1 + Double(abs(method.name - 4)) * 0.6 + Double(miss) * 0.25
    // The noise of a small part of the work: another one for each candidate, the same in each run.
    var random = SeededRandom(UInt64(method.name * 100 + method.x * 10 + method.y))
    let loss = badness * 0.02 / candidate.budget * (1 + noise * (Double(random.below(1000)) / 500 - 1))
    return TradeOff(loss: loss, cost: candidate.budget, violation: max(0, loss / target - 1))
  }
}
