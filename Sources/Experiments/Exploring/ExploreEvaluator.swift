import Policies
import Results
import Simulator
import Traces

/// Judges configurations by replaying those of a rung together, into the database.
final class ExploreEvaluator {
  typealias Judged = ExploreReport.Judged

  private let trace: Trace
  private let store: ResultsStore
  private let options: ReplayOptions
  private let rungs: [ReplayRung]
  private let target: QualityTarget
  private let pricing: ExplorePricing
  private let progress: ExploreProgress
  private let storing: (any StoringGuard)?
  /// Goes on from rung to rung.
  private let blockSize = BlockSize()
  /// On all layers and steps that were asked for.
  private(set) var judged: [ReplayConfiguration: Judged] = [:]
  /// Configurations that were stored already.
  private(set) var reused = 0
  /// What failed during a replay, a sentence each.
  private(set) var failures: [String] = []

  init(
    _ prepared: PreparedReplay, store: ResultsStore, rungs: [ReplayRung], target: QualityTarget,
    pricing: ExplorePricing, progress: ExploreProgress, storing: (any StoringGuard)?
  ) {
    trace = prepared.trace
    self.store = store
    options = prepared.options
    self.rungs = rungs
    self.target = target
    self.pricing = pricing
    self.progress = progress
    self.storing = storing
  }

  /// Nil for what fails or has no defined quality.
  func judge(_ configurations: [ReplayConfiguration], rung: Int) throws -> [TradeOff?] {
    progress.begin(configurations.count, rung: rung)
    defer { progress.end() }
    var options = options
    options.layers = rungs[rung].layers
    options.steps = rungs[rung].steps
    // A policy that chooses for the whole model may need a layer that the rung lacks: it gets them all.
    let fitness = Runnability(trace, options: options)
    var whole = options
    whole.layers = rungs[rungs.count - 1].layers
    func needsAll(_ configuration: ReplayConfiguration) -> Bool {
      configuration.policy.scope == .model && fitness.obstacle(configuration.policy) != nil
    }
    var rows = try replay(configurations.filter { !needsAll($0) }, options: options)
    rows.merge(try replay(configurations.filter(needsAll), options: whole)) { first, _ in first }
    let costs = try pricing.costs(Array(rows.values), in: store)
    return configurations.map { configuration in
      guard let row = rows[configuration], let cost = costs[row.configuration],
        let tradeOff = target.tradeOff(row, cost)
      else { return nil }
      if rung == rungs.count - 1 {
        judged[configuration] = Judged(configuration: configuration, row: row, cost: cost, tradeOff: tradeOff)
      }
      return tradeOff
    }
  }

  /// All together; where a policy fails on what it was given, in halves, so that it alone is left out.
  private func replay(_ configurations: [ReplayConfiguration], options: ReplayOptions) throws
    -> [ReplayConfiguration: SummaryRow]
  {
    if configurations.isEmpty { return [:] }
    do {
      let job = try ReplayJob(
        trace: trace, configurations: configurations, options: options, isTimed: false)
      let report = try job.run(
        store: store, stored: job.stored(in: store), storing: storing, blockSize: blockSize,
        progress: { [progress] in progress.update($0, of: $1) })
      reused += report.reused
      return Dictionary(zip(configurations, report.rows)) { first, _ in first }
    } catch let error as PolicyError {
      guard configurations.count > 1 else {
        failures.append("\(configurations[0].label): \(error)")
        return [:]
      }
      let half = configurations.count / 2
      return try replay(Array(configurations[..<half]), options: options).merging(
        replay(Array(configurations[half...]), options: options)
      ) { first, _ in first }
    }
  }
}
