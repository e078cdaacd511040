import Foundation
import Policies
import Results
import Simulator
import Traces

/// One search on one trace for the cheapest policies, parameters and budgets that meet a target.
public struct ExploreJob {
  private let prepared: PreparedReplay
  private let target: QualityTarget
  private let pricing: ExplorePricing
  private let space: PolicySpace
  private let exploration: Exploration<PolicySpace>
  private let rungs: [ReplayRung]
  private let notes: [String]

  /// - Parameters:
  ///   - request: its seed is the search's too.
  ///   - pricing: what a configuration costs.
  /// - Throws: `ReplayError` where a policy that was named is a bound or cannot run, or an exhaustive grid is too large.
  public init(
    _ trace: Trace, _ request: ReplayRequest, target: QualityTarget,
    pricing: ExplorePricing = ExplorePricing(),
    search: ExploreSearch = ExploreSearch()
  ) throws {
    var request = request
    request.policies = try ExploreSearch.deployable(request.policies)
    let prepared = try request.prepare(trace)
    self.prepared = prepared
    self.target = target
    self.pricing = pricing
    let plan = try ReplayPlan(
      trace, configurations: prepared.policies.map { ReplayConfiguration(policy: $0, budget: nil) },
      options: prepared.options)
    notes = prepared.notes + plan.calibrationNotes
    rungs = ReplayRung.rungs(
      search.isExhaustive ? 1 : 3, factor: 3, layers: plan.layers, steps: plan.scoredSteps)
    let fitness = prepared.fitness
    space = try PolicySpace(
      prepared.policies, trace: trace, measure: search.measure, varied: search.varied
    ) { fitness.obstacle($0) == nil }
    if search.isExhaustive, space.gridSize > Double(ExploreSearch.largestGrid) {
      throw ReplayError(
        "exhaustive search", expected: "a grid of at most \(ExploreSearch.largestGrid) configurations",
        found: ExploreText.count(space.gridSize), advice: "name fewer policies, or vary fewer parameters")
    }
    exploration = Exploration(
      space,
      settings: .init(
        maxTrials: search.isExhaustive ? Int(space.gridSize) : search.maxTrials, rungs: rungs.count,
        refinementShare: search.isExhaustive ? 0 : 0.25, seed: request.seed,
        meetsAtSmallBudgets: target.maxCostShare != nil))
  }

  /// Searches; what the database holds is not computed again, and what is computed is stored.
  ///
  /// - Parameters:
  ///   - database: its name, as the report is to tell it.
  ///   - storing: stands round each transaction.
  ///   - progress: called with parts done and parts in all, from any thread.
  /// - Throws: what ``ReplayJob/run(store:storing:progress:)`` throws, and `PricingError` where a configuration cannot be
  ///   priced.
  public func run(
    store: ResultsStore, database: String, storing: (any StoringGuard)? = nil,
    progress report: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> ExploreReport {
    let clock = ContinuousClock()
    let started = clock.now
    let progress = ExploreProgress(
      rungs: rungs, planned: exploration.plannedEvaluations, report: report ?? { _, _ in })
    let evaluator = ExploreEvaluator(
      prepared, store: store, rungs: rungs, target: target, pricing: pricing, progress: progress,
      storing: storing)
    let result = try exploration.run { try evaluator.judge($0, rung: $1) }
    let judged = result.trials.compactMap { evaluator.judged[$0.candidate] }
    let oracles = space.coarseBudgets.map {
      ReplayConfiguration(policy: PolicyConfiguration(Oracle.self), budget: $0)
    }
    let reused = evaluator.reused
    _ = try evaluator.judge(oracles, rung: rungs.count - 1)
    let found = ExploreReport(
      trace: prepared.trace, database: database, target: target, pricing: pricing, rungs: rungs,
      result: result, judged: judged, oracles: oracles.compactMap { evaluator.judged[$0] },
      plannedPolicies: space.policies, gridSize: space.gridSize, reused: reused,
      seconds: (clock.now - started).seconds,
      jobNotes: notes + evaluator.failures.map { "left out: \($0)" })
    try store.store(found.shown.compactMap { $0.cost.point?.row })
    return found
  }
}
