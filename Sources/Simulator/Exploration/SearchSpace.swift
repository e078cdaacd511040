/// What an ``Exploration`` searches: families of candidates that differ in their budget alone.
public protocol SearchSpace {
  associatedtype Candidate: Hashable
  associatedtype Family: Hashable

  /// Points of the grid that brute force would try.
  var gridSize: Double { get }
  var budgets: ClosedRange<Double> { get }

  /// Up to `count` distinct candidates, spread over the space; fewer where it has no more.
  func initial(_ count: Int, seed: UInt64) -> [Candidate]
  /// Candidates that differ by one notch of one parameter.
  func neighbours(of candidate: Candidate) -> [Candidate]
  /// Nil for a candidate without a budget.
  func family(of candidate: Candidate) -> (family: Family, budget: Double)?
  func candidate(of family: Family, budget: Double) -> Candidate
}
