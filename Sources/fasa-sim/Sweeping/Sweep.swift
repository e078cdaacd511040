import Foundation
import Policies
import Results
import Simulator
import Traces

/// Traces × configurations, block by block, into one run.
struct Sweep {
  let plan: SweepPlan
  /// One per trace.
  let jobs: [ReplayJob]
  let pricing: SweepPricing
  let store: ResultsStore

  /// Every trace is opened, and every policy tried on it, before anything is computed.
  static func jobs(_ plan: SweepPlan, machine: MachineOptions) throws -> [ReplayJob] {
    try plan.traces.map { path in
      let trace = try Trace(path: path)
      let options = ReplayOptions(
        layers: try ReplayPlan.layers(plan.layers, of: trace),
        heads: try ReplayPlan.heads(plan.heads, of: trace), steps: plan.steps, threads: machine.threads,
        seed: plan.seed,
        instructionSet: machine.instructionSet,
        profile: try ProfileLocator.profile(
          given: plan.profile, for: trace, plan.policies, selfCalibrates: plan.selfCalibrates),
        selfCalibrates: plan.selfCalibrates)
      var policies = plan.policies
      var notes: [String] = []
      let sorted = Runnability(trace, options: options).sorted(
        policies.filter { !$0.needs.contains(.file) }, budgets: plan.budgets)
      if plan.asksForEverything {
        let runnable = Set(sorted.runnable)
        policies.removeAll { !$0.needs.contains(.file) && !runnable.contains($0) }
        notes = sorted.obstacles.map { "\(path): left out: \($0)" }
      } else if let obstacle = sorted.obstacles.first {
        throw ReplayError("\(path): \(obstacle); leave that policy or that trace out")
      }
      return try ReplayJob(
        trace: trace, configurations: ReplayConfiguration.grid(policies, budgets: plan.budgets),
        options: options, isTimed: plan.isTimed, detail: plan.detail, computesAgain: false, isSilent: true,
        notes: notes)
    }
  }

  func run(_ interruption: Interruption?) throws -> SweepReport {
    let digests = try Self.distinctDigests(jobs)
    let missing = try zip(jobs, digests).map { try $0.missing(in: store, traceDigest: $1) }
    let total = jobs.reduce(0) { $0 + $1.configurations.count }
    let work = zip(jobs, missing).reduce(0) { $0 + $1.0.weight * $1.1.count }
    interruption?.begin(stored: total - missing.reduce(0) { $0 + $1.count }, of: total)
    let line = ProgressLine("sweeping \(jobs.count) traces")
    defer { line.finish() }
    let started = Date()
    let blockSize = BlockSize()
    var run: RunID?
    var (done, identities, notes): (Int, [ConfigurationIdentity], [String]) = (0, [], [])
    var notReproduced: ResultsError?
    /// Begun only when there is something to store, so that a damaged trace leaves no row.
    func begun(_ job: ReplayJob) throws -> RunID {
      if let run { return run }
      let new = try store.beginRun(.ofThisProcess(job.options, startedAt: started))
      run = new
      return new
    }
    for ((job, digest), missing) in zip(zip(jobs, digests), missing) {
      let (before, own) = (done, job.weight * missing.count)
      let filled = try job.fill(
        missing, in: store, traceDigest: digest, interruption: interruption, blockSize: blockSize,
        progress: { line.update(before + Int(Double(own) * Double($0) / Double($1)), of: work) }
      ) { try begun(job) }
      done += own
      notes += filled.notes.map { "\(job.trace.path): \($0)" }
      notReproduced = notReproduced ?? filled.notReproduced
      let all = try job.configurations.indices.map { try job.identity($0, digest) }
      let stored = Set(job.configurations.indices).subtracting(missing).sorted()
      try store.reuse(stored.map { all[$0] }, run: begun(job))
      try pricing.price(all, in: store)
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
      notes: notes + jobs.flatMap { job in job.notes + job.plan.notes.map { "\(job.trace.path): \($0)" } })
  }

  /// One trace under two names would be computed twice and weigh twice.
  static func distinctDigests(_ jobs: [ReplayJob]) throws -> [String] {
    var paths: [String: String] = [:]
    return try jobs.map { job in
      let digest = try job.trace.digest()
      if let other = paths.updateValue(job.trace.path, forKey: digest) {
        throw ReplayError(
          "\(job.trace.path): expected another trace, found that of \(other) again; leave one out")
      }
      return digest
    }
  }
}
