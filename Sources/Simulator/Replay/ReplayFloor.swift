import Attention
import Machine
import Policies
import Traces

/// The least work that the exact metrics of a replay need, whoever computes them: what a replay's time is held against.
///
/// Every query is multiplied with the keys that it sees and every weight with the values; a policy that ranks by
/// some channels multiplies those; and each set that is chosen needs one read of its scores. Reading the trace,
/// exponentials, gathering, statistics and the database come on top and are not in it.
public struct ReplayFloor: Sendable, Codable, Equatable {
  /// Single-precision operations, two a multiply-add.
  public let operations: Int
  /// Scores read to choose from, 4 bytes each.
  public let scoreBytes: Int

  public init(_ trace: Trace, _ configurations: [ReplayConfiguration], options: ReplayOptions) throws {
    let plan = try ReplayPlan(trace, configurations: configurations, options: options)
    let groups = TraceGroups(trace)
    let agreement = try plan.agreement(options: options)
    let geometry = trace.metadata.geometry
    var operations = 0
    var scoreBytes = 0
    for layer in plan.layers {
      let visible = groups.steps(rows: plan.rows, layer: layer).reduce(0) { $0 + $1.visible.count }
      for kvHead in plan.kvHeads {
        let group = groups.context(
          layer: layer, kvHead: kvHead, element: .f16, seed: options.seed, agreement: agreement,
          statistics: plan.statistics, external: plan.external)
        operations += 2 * visible * group.groupSize * (geometry.headDim + geometry.valueDim)
        var products: Set<[[Int32]]> = []
        var choices: Set<Choice> = []
        for configuration in configurations {
          let pass = try configuration.policy.policy(for: group, asked: configuration.budget).scorePass()
          if case .channels(let channels, _) = pass { products.insert(channels) }
          guard let budget = configuration.budget else { continue }
          choices.insert(Choice(pass: .full, budget: budget))
          if pass != .none { choices.insert(Choice(pass: pass, budget: budget)) }
        }
        operations += products.reduce(0) { $0 + 2 * visible * $1.reduce(0) { $0 + $1.count } }
        scoreBytes += choices.count * visible * group.groupSize * 4
      }
    }
    self.operations = operations
    self.scoreBytes = scoreBytes
  }

  private struct Choice: Hashable {
    let pass: ScorePass
    let budget: Budget
  }

  /// Seconds that this takes at a machine's peak. A block's scores lie in the last-level cache.
  public func seconds(on roofline: Roofline) -> Double {
    let block = GroupReplay.blockBytes * roofline.threads
    return Double(operations) / roofline.operationsPerSecond.median
      + Double(scoreBytes) / roofline.readBytesPerSecond(workingSetBytes: block)
  }
}
