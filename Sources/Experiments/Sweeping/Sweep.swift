import Foundation
import Pricing
import Results
import Simulator
import Traces

/// Traces × configurations, block by block or unit by unit, into one run.
public struct Sweep {
  let plan: SweepPlan
  /// One per trace.
  let jobs: [ReplayJob]
  /// The traces' as the plan has them, and their SHA-256.
  let names: [String]
  let digests: [String]
  /// What is run of all that is asked for; nil for everything.
  let units: [SweepUnit]?
  let pricing: StoredPricing

  /// Every machine is read, every trace is opened, and every policy tried on it, before anything is computed.
  ///
  /// - Throws: `PricingError` where a machine is not known, `TraceError` where a trace cannot be read, `ReplayError` where a
  ///   policy that was named cannot run on it.
  public init(_ plan: SweepPlan) throws {
    let pricing = StoredPricing(machines: try PricedMachine.named(plan.hardware))
    let jobs = try plan.traces.map { try plan.job($0) }
    let digests = try Self.distinctDigests(jobs)
    self.init(plan, jobs: jobs, names: plan.traces, digests: digests, units: nil, pricing: pricing)
  }

  init(
    _ plan: SweepPlan, jobs: [ReplayJob], names: [String], digests: [String], units: [SweepUnit]?,
    pricing: StoredPricing
  ) {
    (self.plan, self.jobs, self.names, self.digests) = (plan, jobs, names, digests)
    (self.units, self.pricing) = (units, pricing)
  }

  /// How many traces are replayed.
  public var traces: Int { units.map { Set($0.map(\.job)).count } ?? jobs.count }

  /// Computes, stores and prices what the database lacks.
  ///
  /// - Parameters:
  ///   - known: databases whose configurations are left out.
  ///   - storing: told how much is stored, and stands round each transaction.
  ///   - progress: called with parts done and parts in all, from any thread.
  /// - Throws: what ``ReplayJob/run(store:storing:progress:)`` throws.
  public func run(
    store: ResultsStore, known: [ResultsStore] = [], storing: (any StoringGuard)? = nil,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)? = nil
  ) throws -> SweepReport {
    let done = try fill(store: store, known: known, storing: storing, progress: progress)
    if let failure = done.failures.first { throw failure.error }
    let jobs = Set(done.work.map(\.job)).sorted().map { self.jobs[$0] }
    return SweepReport(
      plan: plan, rows: done.rows, run: done.run?.rawValue, reused: done.stored, traces: jobs.count,
      seconds: done.seconds,
      notes: done.notes
        + jobs.flatMap { job in (job.notes + job.plan.notes).map { "\(job.trace.path): \($0)" } })
  }

  /// One trace under two names would be computed twice and weigh twice.
  private static func distinctDigests(_ jobs: [ReplayJob]) throws -> [String] {
    var paths: [String: String] = [:]
    return try jobs.map { job in
      let digest = try job.trace.claimedDigest()
      if let other = paths.updateValue(job.trace.path, forKey: digest) {
        throw ReplayError(
          job.trace.path, expected: "another trace", found: "that of \(other) again", advice: "leave one out")
      }
      return digest
    }
  }
}

extension SweepPlan {
  /// What is replayed of one of the traces.
  func job(_ name: String) throws -> ReplayJob {
    let prepared = try request.prepare(locator.open(name), budgets: .tokens(budgets))
    return try ReplayJob(prepared, isTimed: isTimed, kernelThreads: kernelThreads, detail: detail)
  }
}
