import Foundation
import Pricing
import Results
import Simulator
import Traces

/// Traces × configurations, block by block, into one run.
public struct Sweep {
  let plan: SweepPlan
  /// One per trace.
  let jobs: [ReplayJob]
  private let pricing: StoredPricing

  /// Every machine is read, every trace is opened, and every policy tried on it, before anything is computed.
  ///
  /// - Throws: `PricingError` where a machine is not known, `TraceError` where a trace cannot be read, `ReplayError` where a
  ///   policy that was named cannot run on it.
  public init(_ plan: SweepPlan) throws {
    self.plan = plan
    pricing = StoredPricing(machines: try PricedMachine.named(plan.hardware))
    jobs = try plan.traces.map { path in
      let prepared = try plan.request.prepare(Trace(path: path), budgets: .tokens(plan.budgets))
      return try ReplayJob(
        prepared, isTimed: plan.isTimed, kernelThreads: plan.kernelThreads, detail: plan.detail)
    }
  }

  /// How many traces are replayed.
  public var traces: Int { jobs.count }

  /// Computes, stores and prices what the database lacks.
  ///
  /// - Parameters:
  ///   - storing: told how much is stored, and stands round each transaction.
  ///   - progress: called with parts done and parts in all, from any thread.
  /// - Throws: what ``ReplayJob/run(store:storing:progress:)`` throws.
  public func run(
    store: ResultsStore, storing: (any StoringGuard)? = nil,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> SweepReport {
    let digests = try distinctDigests()
    let missing = try zip(jobs, digests).map { try $0.missing(in: store, traceDigest: $1) }
    let total = jobs.reduce(0) { $0 + $1.configurations.count }
    let work = zip(jobs, missing).reduce(0) { $0 + $1.0.weight * $1.1.count }
    storing?.begin(stored: total - missing.reduce(0) { $0 + $1.count }, of: total)
    let started = Date()
    let blockSize = BlockSize()
    var run: RunID?
    var (done, identities, notes): (Int, [ConfigurationIdentity], [String]) = (0, [], [])
    var notReproduced: ResultsError?
    /// Begun only when there is something to store, so that a damaged trace leaves no row.
    func begun(_ job: ReplayJob) throws -> RunID {
      if let run { return run }
      let new = try store.beginRun(
        .ofThisProcess(
          job.options, kernelThreads: job.kernelThreads, startedAt: started))
      run = new
      return new
    }
    for ((job, digest), missing) in zip(zip(jobs, digests), missing) {
      let (before, own) = (done, job.weight * missing.count)
      let filled = try job.fill(
        missing, in: store, traceDigest: digest, storing: storing, blockSize: blockSize,
        progress: { progress?(before + Int(Double(own) * Double($0) / Double($1)), work) }
      ) { try begun(job) }
      done += own
      notes += filled.notes.map { "\(job.trace.path): \($0)" }
      notReproduced = notReproduced ?? filled.notReproduced
      let all = try job.configurations.indices.map { try job.identity($0, digest) }
      let stored = Set(job.configurations.indices).subtracting(missing).sorted()
      try store.reuse(stored.map { all[$0] }, run: begun(job))
      try pricing.price(store.summaries(identities: all), in: store)
      identities += all
    }
    let rows = try store.summaries(identities: identities)
    if let run {
      try store.endRun(
        run,
        exactResultsDigest: ReplayResult.digest(ofConfigurations: rows.map(\.exactResultsDigest)))
    }
    if let notReproduced { throw notReproduced }
    return SweepReport(
      plan: plan, rows: rows, run: run?.rawValue, reused: total - missing.reduce(0) { $0 + $1.count },
      traces: jobs.count, seconds: Date().timeIntervalSince(started),
      notes: notes
        + jobs.flatMap { job in (job.notes + job.plan.notes).map { "\(job.trace.path): \($0)" } })
  }

  /// One trace under two names would be computed twice and weigh twice.
  func distinctDigests() throws -> [String] {
    var paths: [String: String] = [:]
    return try jobs.map { job in
      let digest = try job.trace.digest()
      if let other = paths.updateValue(job.trace.path, forKey: digest) {
        throw ReplayError(
          job.trace.path, expected: "another trace", found: "that of \(other) again", advice: "leave one out")
      }
      return digest
    }
  }
}
