import Policies
import Simulator
import Traces

/// What a layer is said to lose by another's choice.
public enum AnchorLoss: String, Sendable, CaseIterable {
  /// Σ‖o_S − o‖ of its outputs, so that layers of large outputs weigh more.
  case weightedError = "weighted-error"
  /// The mean output error, so that layers weigh alike.
  case outputError = "output-error"
  /// Attention mass that was missed.
  case mass

  /// Of a layer's query heads.
  func of(_ heads: [HeadResult]) -> Double {
    switch self {
    case .weightedError:
      heads.reduce(0) { sum, head in
        head.weightedOutputError.isNaN ? sum : sum + head.weightedOutputError * head.outputNormSum
      }
    case .outputError: heads.mean(.outputError)
    case .mass: 1 - heads.mean(.mass)
    }
  }
}

extension [HeadResult] {
  /// Over heads, of their means over steps.
  func mean(_ metric: Metric) -> Double {
    reduce(0) { $0 + $1.summary(metric).mean } / Double(Swift.max(count, 1))
  }
}

/// Finds which layers should choose for those after them.
public struct AnchorsJob {
  private let prepared: PreparedReplay
  private let configuration: ReplayConfiguration
  private let loss: AnchorLoss
  private let most: Int

  /// - Parameter most: anchors of the largest pattern.
  /// - Throws: `ReplayError` where it is not one policy at one budget whose choice layers can share.
  public init(_ prepared: PreparedReplay, by loss: AnchorLoss, most: Int) throws {
    (self.prepared, self.loss, self.most) = (prepared, loss, most)
    let first = try prepared.single()
    guard first.policy.reusing([0]) != nil, first.policy.anchors == nil else {
      throw ReplayError(
        "policy '\(first.policy.label)'", expected: "one that takes reuse=, and is not given it",
        found: first.policy.anchors == nil ? "one whose sets no other layer can use" : "one that is",
        advice: "see fasa-sim policies")
    }
    configuration = first
  }

  /// Replays the policy with each layer choosing for all after it, then the patterns found.
  ///
  /// - Parameter progress: parts done, of how many.
  public func run(_ progress: (@Sendable (Int, Int) -> Void)? = nil) throws -> AnchorsReport {
    let layers = prepared.options.layers ?? prepared.trace.metadata.capturedLayers
    let each = try replay(layers.map { [$0] }, progress)
    let losses = each.configurations.map { found in
      layers.map { layer in loss.of(found.heads.filter { $0.layer == layer }) }
    }
    let patterns = AnchorSearch(losses).patterns(most: most).map { $0.anchors.map { layers[$0] } }
    let found = try replay([nil] + patterns, nil)
    return AnchorsReport(
      trace: prepared.trace.path, policy: configuration.policy, budget: configuration.budget, loss: loss,
      layers: layers.count, result: found, notes: prepared.notes)
  }

  private func replay(_ anchors: [[Int]?], _ progress: (@Sendable (Int, Int) -> Void)?) throws -> ReplayResult
  {
    var options = prepared.options
    options.progress = progress
    let configurations = anchors.map { anchors in
      ReplayConfiguration(
        policy: anchors.flatMap(configuration.policy.reusing) ?? configuration.policy,
        budget: configuration.budget)
    }
    return try Replay(prepared.trace).run(configurations, options: options)
  }
}
