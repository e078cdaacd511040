import Foundation
import Policies
import Results
import Simulator
import Traces

/// What a search found.
public struct ExploreReport {
  /// A configuration that was judged on all layers and steps that were asked for.
  public struct Judged {
    public let configuration: ReplayConfiguration
    public let row: SummaryRow
    public let cost: ExplorePricing.Cost
    /// What is weighed: loss and cost, or the other way round where the cost is bounded; and how far it is off the target.
    public let tradeOff: TradeOff
  }

  public enum Verdict: String, Encodable, Sendable {
    case met
    /// Something meets the target, and dense attention costs no more.
    case denseIsCheaper = "dense-is-cheaper"
    case notMet = "not-met"
  }

  let trace: Trace
  let database: String
  let target: QualityTarget
  let pricing: ExplorePricing
  let rungs: [ReplayRung]
  let result: Exploration<PolicySpace>.Result
  /// On all layers and steps.
  let judged: [Judged]
  let oracles: [Judged]
  let plannedPolicies: Int
  let gridSize: Double
  let reused: Int
  let seconds: Double
  let jobNotes: [String]

  /// The cheapest found of each policy that meets the target, ascending in cost; where the cost is bounded the best, by
  /// loss. Of policies that others dominate the
  /// search drops most early, so that theirs may be cheaper than it found.
  public var cheapestByPolicy: [Judged] {
    var seen: Set<String> = []
    return judged.filter(\.tradeOff.meetsTarget)
      .sorted {
        ($0.tradeOff.cost, $0.tradeOff.loss, $0.row.label) < (
          $1.tradeOff.cost, $1.tradeOff.loss, $1.row.label
        )
      }
      .filter { seen.insert($0.row.policy).inserted }
  }
  /// The cheapest that meets the target; nil where none does.
  public var cheapest: Judged? { cheapestByPolicy.first }
  /// The one that is least far off the target.
  public var nearest: Judged? {
    judged.min {
      ($0.tradeOff.violation, $0.tradeOff.cost, $0.row.label) < (
        $1.tradeOff.violation, $1.tradeOff.cost, $1.row.label
      )
    }
  }
  /// By ascending cost, what costs no less than dense attention left out: that loses nothing.
  public var front: [Judged] {
    NonDominated.front(judged.map(\.tradeOff)).map { judged[$0] }.filter { $0.cost.value < $0.cost.dense }
      .sorted { $0.cost.value < $1.cost.value }
  }
  /// Those of them that cost less than dense attention, at least the cheapest.
  var alternatives: [Judged] {
    cheapestByPolicy.enumerated().filter { $0.offset == 0 || $0.element.cost.value < $0.element.cost.dense }
      .map(\.element)
  }
  /// The front, thinned evenly where it is long, the cheapest that meets the target kept.
  var shownFront: [Judged] {
    let all = front
    guard all.count > Self.longestTable else { return all }
    let last = Self.longestTable - 1
    let even = Set((0...last).map { $0 * (all.count - 1) / last })
    return all.indices.filter {
      even.contains($0) || all[$0].row.configuration == cheapest?.row.configuration
    }.map { all[$0] }
  }
  private static let longestTable = 16
  /// The cheapest budget at which even the best choice of tokens meets the target.
  var oracle: Judged? { oracles.filter(\.tradeOff.meetsTarget).min { $0.tradeOff.cost < $1.tradeOff.cost } }
  public var verdict: Verdict {
    guard let cheapest else { return .notMet }
    return cheapest.cost.value < cheapest.cost.dense ? .met : .denseIsCheaper
  }
  var shown: [Judged] {
    var seen: Set<Int64> = []
    return (cheapestByPolicy + front + [nearest, oracle].compactMap(\.self))
      .filter { seen.insert($0.row.configuration).inserted }
  }
  /// Of the front, up to a quality of nothing and the cost of dense attention.
  var hypervolume: Double {
    let points = judged.compactMap { judged in
      target.loss(judged.row).map { TradeOff(loss: $0, cost: judged.cost.value) }
    }
    return NonDominated.hypervolume(points, loss: 1, cost: judged.first?.cost.dense ?? 1)
  }
  /// Judged on all of the work, as that many.
  var equivalents: Double {
    guard let all = rungs.last?.work, all > 0 else { return 0 }
    return zip(result.evaluations, rungs).reduce(0) { $0 + Double($1.0 * $1.1.work) / Double(all) }
  }
}
