import Policies
import Simulator

/// What is searched, and how far.
public struct ExploreSearch: Sendable {
  /// What budgets are searched in: shares grow with the context, tokens stay.
  public var measure: PolicySpace.Measure
  /// Parameters to search.
  public var varied: PolicySpace.Varied
  /// Configurations to try at most.
  public var maxTrials: Int
  /// Whether every point of the grid is judged on everything in place of a search.
  public var isExhaustive: Bool

  /// Configurations of an exhaustive grid at most: the replay of all at once would need the memory of as many results.
  public static let largestGrid = 20_000

  public init(
    measure: PolicySpace.Measure = .share, varied: PolicySpace.Varied = .all, maxTrials: Int = 400,
    isExhaustive: Bool = false
  ) {
    self.measure = measure
    self.varied = varied
    self.maxTrials = maxTrials
    self.isExhaustive = isExhaustive
  }

  /// Without bounds, which are references and no methods; dense attention over a cache of fewer bits is one.
  ///
  /// - Throws: `ReplayError` where one of them was named.
  static func deployable(_ policies: PolicyChoice) throws -> PolicyChoice {
    func isDense(_ policy: PolicyConfiguration) -> Bool { policy.type is Dense.Type }
    func isMethod(_ policy: PolicyConfiguration) -> Bool {
      policy.descriptor.kind != .bound || isDense(policy) && policy.cacheFormat != nil
    }
    let hasStored = policies.configurations.contains { isDense($0) && isMethod($0) }
    let bounds = policies.configurations.filter { !isMethod($0) && !(hasStored && isDense($0)) }
    if let named = bounds.first(where: policies.isNamed) {
      throw ReplayError(
        named.label, expected: "policies that can be deployed", found: "a bound",
        advice: "leave it out; dense attention and the oracle are shown for reference")
    }
    return policies.filter(isMethod)
  }
}
