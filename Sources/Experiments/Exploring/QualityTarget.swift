import Results
import Simulator

/// What a configuration's quality must be, as means over steps, layers and heads; or what it may cost, where the best quality
/// is looked for.
public struct QualityTarget: Sendable {
  /// Nil where none was asked for.
  public let maxOutputError: Double?
  /// Of the output error weighted by norm.
  public let maxWeightedError: Double?
  public let minRecall: Double?
  public let minMass: Double?
  /// Of dense attention's bytes or time, whichever is counted; no bound of quality is given beside it.
  public let maxCostShare: Double?

  /// A target with at least one bound: above 0, and at most 1 for recall and mass.
  public init(
    maxOutputError: Double? = nil, maxWeightedError: Double? = nil, minRecall: Double? = nil,
    minMass: Double? = nil, maxCostShare: Double? = nil
  ) {
    self.maxOutputError = maxOutputError
    self.maxWeightedError = maxWeightedError
    self.minRecall = minRecall
    self.minMass = minMass
    self.maxCostShare = maxCostShare
  }

  /// What the front is of: the first that was asked for.
  var lossName: String {
    if maxOutputError != nil || maxCostShare != nil { return "output error" }
    if maxWeightedError != nil { return "weighted output error" }
    return minMass != nil ? "mass missed" : "recall missed"
  }

  /// The same as a column: what misses has no column of its own.
  var lossColumn: String {
    if maxOutputError != nil || maxCostShare != nil { return "output_error" }
    if maxWeightedError != nil { return "weighted_output_error" }
    return minMass != nil ? "missed_mass" : "missed_recall"
  }

  /// Nil where it is undefined.
  func loss(_ row: SummaryRow) -> Double? {
    if maxOutputError != nil || maxCostShare != nil { return row.outputError }
    if maxWeightedError != nil { return row.weightedOutputError }
    return (minMass != nil ? row.mass : row.recall).map { 1 - $0 }
  }

  /// How far the worst miss is off, as a share of what was asked; nil where a quality is undefined.
  func violation(_ row: SummaryRow) -> Double? {
    var worst = 0.0
    for (most, value) in [(maxOutputError, row.outputError), (maxWeightedError, row.weightedOutputError)] {
      guard let most else { continue }
      guard let value else { return nil }
      worst = max(worst, value / most - 1)
    }
    for (least, value) in [(minRecall, row.recall), (minMass, row.mass)] {
      guard let least else { continue }
      guard let value else { return nil }
      worst = max(worst, (least - value) / least)
    }
    return worst
  }

  /// What a search weighs: where the cost is bounded, it looks for the least loss, and so takes the one for the other.
  func tradeOff(_ row: SummaryRow, _ cost: ExplorePricing.Cost) -> TradeOff? {
    guard let loss = loss(row), let violation = violation(row) else { return nil }
    guard let maxCostShare else { return TradeOff(loss: loss, cost: cost.value, violation: violation) }
    let over = cost.value / (cost.dense * maxCostShare) - 1
    return TradeOff(loss: cost.value, cost: loss, violation: max(0, over))
  }

  /// - Parameter cost: what is counted of dense attention: its bytes, or its time.
  func text(cost: String) -> String {
    var parts: [String] = []
    if let maxCostShare {
      parts.append("at most \(NumberText.percent(maxCostShare)) of dense attention's \(cost)")
    }
    if let maxOutputError { parts.append("output error at most \(maxOutputError)") }
    if let maxWeightedError { parts.append("weighted output error at most \(maxWeightedError)") }
    if let minRecall { parts.append("recall at least \(minRecall)") }
    if let minMass { parts.append("mass at least \(minMass)") }
    return parts.joined(separator: ", ")
  }
}
