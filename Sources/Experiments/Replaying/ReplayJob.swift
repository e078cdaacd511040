import Attention
import Foundation
import Results
import Simulator
import Traces

/// One trace's replay into a database: what is stored there already is left out, the rest is computed, timed and stored.
///
///     let prepared = try ReplayRequest(policies: PolicyChoice(parsing: ["fasa"])).prepare(trace, budgets: .tokens([.tokens(256)]))
///     let report = try ReplayJob(prepared).run(store: ResultsStore(path: "runs.db"))
public struct ReplayJob {
  public let trace: Trace
  public let configurations: [ReplayConfiguration]
  public let options: ReplayOptions
  public let plan: ReplayPlan
  /// What the preparation did, a sentence each.
  public let notes: [String]
  let isTimed: Bool
  let kernelThreads: Int
  /// What is asked for: rows that lack it are computed again.
  let detail: ResultsStore.Detail
  private let keepsSmallSteps: Bool
  let computesAgain: Bool
  /// How heads read, where budgets are what a share of dense attention's bytes buys.
  let bytesReading: Reading?

  /// - Parameters:
  ///   - isTimed: whether decode kernels are timed.
  ///   - kernelThreads: threads that time them side by side, each on KV heads of its own.
  ///   - detail: what is stored: summaries per head, or every step as well; nil for every step of what is computed, where
  ///     all that is asked for is not more than ``mostStepRows``.
  ///   - computesAgain: whether what the database holds is computed all the same.
  /// - Throws: `ReplayError` where nothing is left to replay, or the trace does not hold what is asked.
  public init(
    _ prepared: PreparedReplay, isTimed: Bool = true, kernelThreads: Int = 1,
    detail: ResultsStore.Detail? = .head,
    computesAgain: Bool = false
  ) throws {
    let grid = try prepared.grid()
    var reading: Reading?
    if case .bytes(_, let own) = prepared.budgets { reading = own }
    try self.init(
      trace: prepared.trace, configurations: grid.configurations, options: prepared.options,
      isTimed: isTimed, kernelThreads: kernelThreads, detail: detail, computesAgain: computesAgain,
      notes: grid.notes, bytesReading: reading
    )
  }

  /// Of configurations that are known to run.
  init(
    trace: Trace, configurations: [ReplayConfiguration], options: ReplayOptions, isTimed: Bool,
    kernelThreads: Int = 1, detail: ResultsStore.Detail? = .head, computesAgain: Bool = false,
    notes: [String] = [],
    bytesReading: Reading? = nil
  ) throws {
    self.trace = trace
    self.configurations = configurations
    self.options = options
    self.isTimed = isTimed
    self.kernelThreads = kernelThreads
    self.detail = detail ?? .head
    keepsSmallSteps = detail == nil
    self.computesAgain = computesAgain
    self.notes = notes
    self.bytesReading = bytesReading
    plan = try ReplayPlan(trace, configurations: configurations, options: options)
  }

  /// Rows of steps that are stored unasked: some 60 MB.
  public static let mostStepRows = 500_000

  /// What rows that are computed are stored with.
  var storedDetail: ResultsStore.Detail {
    let rows = configurations.count * plan.layers.count * plan.heads.count * plan.rows.count
    return keepsSmallSteps && rows <= Self.mostStepRows ? .step : detail
  }

  /// Computes and stores what the database lacks.
  ///
  /// - Parameters:
  ///   - storing: told how much is stored, and stands round each transaction.
  ///   - progress: called with parts done and parts in all, from any thread.
  /// - Throws: `TraceError` where the trace is damaged, `PolicyError` where a policy fails on what it is given,
  ///   `ResultsError` where the database cannot be written or this build gave other bits before.
  public func run(
    store: ResultsStore, storing: (any StoringGuard)? = nil,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> ReplayReport {
    let stored = try stored(in: store)
    storing?.begin(stored: configurations.count - stored.missing.count, of: configurations.count)
    return try run(store: store, stored: stored, storing: storing, blockSize: BlockSize(), progress: progress)
  }

  /// - Parameters:
  ///   - stored: what the database holds of the job.
  ///   - blockSize: goes on from job to job.
  package func run(
    store: ResultsStore, stored: Stored, storing: (any StoringGuard)?, blockSize: BlockSize,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?
  ) throws -> ReplayReport {
    let started = Date()
    var begun: RunID?
    let filled = try fill(
      stored.missing, in: store, traceDigest: stored.traceDigest, storing: storing, blockSize: blockSize,
      progress: progress
    ) {
      let run =
        try begun ?? store.beginRun(.ofThisProcess(options, kernelThreads: kernelThreads, startedAt: started))
      begun = run
      return run
    }
    let run =
      try begun ?? store.beginRun(.ofThisProcess(options, kernelThreads: kernelThreads, startedAt: started))
    if begun == nil { try storeProfile(in: store) }
    let digest = try stored.traceDigest ?? filled.traceDigest ?? trace.claimedDigest()
    let identities = try configurations.indices.map { try identity($0, digest) }
    let missing = Set(stored.missing)
    let reused = configurations.indices.filter { !missing.contains($0) }
    try store.reuse(reused.map { identities[$0] }, run: run)
    let rows = try store.summaries(identities: identities)
    let exactResultsDigest = ReplayResult.digest(ofConfigurations: rows.map(\.exactResultsDigest))
    try store.endRun(run, exactResultsDigest: exactResultsDigest)
    if let error = filled.notReproduced { throw error }
    return ReplayReport(
      trace: trace, plan: plan, configurations: configurations, options: options,
      rows: rows, reused: reused.count,
      exactResultsDigest: exactResultsDigest,
      readBandwidth: filled.readBandwidth, kernelThreads: kernelThreads, jobNotes: notes + filled.notes,
      bytesReading: bytesReading)
  }
}

extension ReplayJob {
  /// Of some of the configurations that were prepared.
  package init(_ prepared: PreparedReplay, configurations: [ReplayConfiguration], isTimed: Bool) throws {
    try self.init(
      trace: prepared.trace, configurations: configurations, options: prepared.options, isTimed: isTimed)
  }
}
