import Foundation
import Policies
import Results
import Simulator
import Traces

/// One search on one trace.
struct ExploreJob {
  private let trace: Trace
  private let options: ReplayOptions
  private let target: QualityTarget
  private let pricing: ExplorePricing
  private let space: PolicySpace
  private let exploration: Exploration<PolicySpace>
  private let rungs: [ReplayRung]
  private var notes: [String] = []

  init(
    trace: Trace, policies: [PolicyConfiguration], options: ReplayOptions, target: QualityTarget,
    pricing: ExplorePricing, search: ExploreSearchOptions
  ) throws {
    self.trace = trace
    self.options = options
    self.target = target
    self.pricing = pricing
    let plan = try ReplayPlan(trace, configurations: [], options: options)
    rungs = ReplayRung.rungs(
      search.exhaustive ? 1 : 3, factor: 3, layers: plan.layers, steps: plan.scoredSteps)
    let fitness = Runnability(trace, options: options)
    var runnable: [PolicyConfiguration] = []
    for policy in policies {
      if let obstacle = fitness.obstacle(policy) {
        notes.append("left out: \(obstacle)")
      } else {
        runnable.append(policy)
      }
    }
    guard !runnable.isEmpty else {
      throw ReplayError("\(trace.path): nothing to explore: \(notes.joined(separator: "; "))")
    }
    notes += try ReplayPlan(
      trace, configurations: runnable.map { ReplayConfiguration(policy: $0, budget: nil) }, options: options
    ).calibrationNotes
    space = try PolicySpace(runnable, trace: trace, measure: search.measure, varied: search.varied) {
      fitness.obstacle($0) == nil
    }
    if search.exhaustive, space.gridSize > Double(ExploreSearchOptions.largestGrid) {
      throw ReplayError(
        "--exhaustive: expected a grid of at most \(ExploreSearchOptions.largestGrid) configurations, found \(ExploreText.count(space.gridSize)): name fewer policies, or fewer parameters with --vary"
      )
    }
    exploration = Exploration(
      space,
      settings: .init(
        maxTrials: search.exhaustive ? Int(space.gridSize) : search.maxTrials, rungs: rungs.count,
        refinementShare: search.exhaustive ? 0 : 0.25, seed: search.seed))
  }

  func run(store: ResultsStore, database: String, interruption: Interruption? = nil) throws -> ExploreReport {
    let clock = ContinuousClock()
    let started = clock.now
    let progress = ExploreProgress(
      "exploring \(trace.path)", rungs: rungs, planned: exploration.plannedEvaluations)
    defer { progress.finish() }
    let evaluator = ExploreEvaluator(
      trace, store: store, options: options, rungs: rungs, target: target, pricing: pricing,
      progress: progress, interruption: interruption)
    let result = try exploration.run { try evaluator.judge($0, rung: $1) }
    let judged = result.trials.compactMap { evaluator.judged[$0.candidate] }
    let oracles = space.coarseBudgets.map {
      ReplayConfiguration(policy: PolicyConfiguration(Oracle.self), budget: $0)
    }
    let reused = evaluator.reused
    _ = try evaluator.judge(oracles, rung: rungs.count - 1)
    let report = ExploreReport(
      trace: trace, database: database, target: target, pricing: pricing, rungs: rungs, result: result,
      judged: judged, oracles: oracles.compactMap { evaluator.judged[$0] },
      plannedPolicies: space.policies, gridSize: space.gridSize, reused: reused,
      seconds: (clock.now - started).seconds,
      jobNotes: notes + evaluator.failures.map { "left out: \($0)" })
    try store.store(report.shown.compactMap { $0.cost.point?.row })
    return report
  }
}
