import Attention
import Policies
import Traces

/// Finds the token budget that a share of dense attention's bytes buys each policy, what it reads to choose
/// included: budgets for a comparison at equal bytes.
public struct ByteBudget {
  /// A policy's budget, or why it has none.
  public struct Finding: Sendable {
    public let policy: PolicyConfiguration
    /// Nil where the policy sizes its own sets, or where even one token costs more.
    public let tokens: Int?
    /// Bytes at that budget over dense attention's, on the steps that were tried: over all steps it is another share.
    public let share: Double
  }

  private let trace: Trace
  private let options: ReplayOptions
  private let reading: Reading
  /// Decode steps that are tried, the first ones: enough for what some policies do once in many steps, and what a
  /// step costs hardly changes over a few hundred.
  public static let triedSteps = 64
  private static let rounds = 16
  /// Of the share asked for: a budget this near below it will do.
  private static let slack = 0.003

  public init(_ trace: Trace, options: ReplayOptions, reading: Reading) {
    var options = options
    options.steps = TraceGroups(trace).scoredSteps(options).prefix(Self.triedSteps)
    options.progress = nil
    self.trace = trace
    self.options = options
    self.reading = reading
  }

  /// Budgets of which the bytes are at most `share` of dense attention's, and within 0.3 % of that, or the
  /// largest that fit.
  ///
  /// - Throws: ``ReplayError`` where what calibrates does not serve one of them, those that size their own sets included.
  public func find(_ policies: [PolicyConfiguration], share: Double) throws -> [Finding] {
    try CalibrationCheck(trace: trace, options: options).check(policies)
    let sizing = policies.filter { $0.descriptor.usesBudget }
    let most = (trace.queryPositions.last ?? 0) + 1
    var low = Array(repeating: 0, count: sizing.count)
    var lowShare = Array(repeating: 0.0, count: sizing.count)
    var high = Array(repeating: most + 1, count: sizing.count)
    var highShare = Array(repeating: Double.infinity, count: sizing.count)
    // The ends of the range, then between what is known to fit and what is known not to.
    for round in 0..<Self.rounds {
      let tried = sizing.indices.filter {
        high[$0] - low[$0] > 1 && share - lowShare[$0] > Self.slack * share
      }
      if tried.isEmpty { break }
      let guesses = tried.map { index -> Int in
        if round == 0 { return 1 }
        if round == 1 { return most }
        return Self.guess(
          low[index], lowShare[index], high[index], highShare[index], share, bisects: round % 3 == 1)
      }
      let measured = try shares(zip(tried, guesses).map { (sizing[$0], $1) })
      for (place, index) in tried.enumerated() {
        if measured[place] <= share {
          (low[index], lowShare[index]) = (guesses[place], measured[place])
        } else {
          (high[index], highShare[index]) = (guesses[place], measured[place])
        }
      }
    }
    let found = Dictionary(uniqueKeysWithValues: zip(sizing, low.indices.map { (low[$0], lowShare[$0]) }))
    return policies.map { policy in
      let (tokens, share) = found[policy] ?? (0, .nan)
      return Finding(policy: policy, tokens: tokens > 0 ? tokens : nil, share: share)
    }
  }

  /// A budget strictly between two known ones: where a straight line meets the share, or the middle.
  private static func guess(
    _ low: Int, _ lowShare: Double, _ high: Int, _ highShare: Double, _ share: Double, bisects: Bool
  ) -> Int {
    guard !bisects, highShare.isFinite, highShare > lowShare else { return (low + high) / 2 }
    let line = Double(low) + (share - lowShare) / (highShare - lowShare) * Double(high - low)
    return min(max(Int(line), low + 1), high - 1)
  }

  private func shares(_ tried: [(policy: PolicyConfiguration, tokens: Int)]) throws -> [Double] {
    let result = try Replay(trace).run(
      tried.map { ReplayConfiguration(policy: $0.policy, budget: .tokens($0.tokens)) }, options: options,
      traceDigest: "")
    let dense = total(result.dense)
    return result.configurations.map { total($0.traffic) / dense }
  }

  private func total(_ traffic: [GroupWork]) -> Double {
    traffic.reduce(0) { sum, group in
      let bytes = group.work.total
      return sum + Double(reading == .perHead ? bytes.perHead : bytes.groupUnion)
    }
  }
}
