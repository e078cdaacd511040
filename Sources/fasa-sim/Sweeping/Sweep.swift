import Foundation
import Policies
import Results
import Simulator
import Traces

/// Traces × configurations, each trace read and scored once for as many configurations as are stored together.
struct Sweep {
  let plan: SweepPlan
  /// One per trace.
  let jobs: [ReplayJob]
  let pricing: SweepPricing
  let store: ResultsStore

  /// Configurations that are computed, then stored, together: what an interruption loses at most. Reading and scoring a
  /// trace costs as much as 3 to 10 configurations of it (docs/sweeps.md), and is paid once per so many.
  static let chunk = 32

  /// Every trace is opened, and every policy tried on it, before anything is computed.
  static func jobs(_ plan: SweepPlan, machine: MachineOptions) throws -> [ReplayJob] {
    try plan.traces.map { path in
      let trace = try Trace(path: path)
      let options = ReplayOptions(
        layers: try ReplayPlan.layers(plan.layers, of: trace),
        heads: try ReplayPlan.heads(plan.heads, of: trace), steps: plan.steps, threads: machine.threads,
        seed: plan.seed,
        instructionSet: machine.instructionSet,
        profile: try ProfileLocator.profile(given: plan.profile, for: trace, plan.policies))
      var policies = plan.policies
      var notes: [String] = []
      let sorted = Runnability(trace, options: options).sorted(
        policies.filter { !$0.needs.contains(.file) })
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

  func run(_ interruption: SweepInterruption) throws -> SweepReport {
    let digests = try Self.distinctDigests(jobs)
    let missing = try zip(jobs, digests).map { try $0.missing(in: store, traceDigest: $1) }
    let total = jobs.reduce(0) { $0 + $1.configurations.count }
    let work = zip(jobs, missing).reduce(0) { $0 + $1.0.weight * $1.1.count }
    interruption.begin(stored: total - missing.reduce(0) { $0 + $1.count }, of: total)
    let line = ProgressLine("sweeping \(jobs.count) traces")
    defer { line.finish() }
    let started = Date()
    var run: RunID?
    var (done, identities): (Int, [ConfigurationIdentity]) = (0, [])
    /// Begun only when there is something to store, so that a damaged trace leaves no row.
    func begun(_ job: ReplayJob) throws -> RunID {
      if let run { return run }
      let new = try store.beginRun(.ofThisProcess(job.options, startedAt: started))
      run = new
      return new
    }
    for ((job, digest), missing) in zip(zip(jobs, digests), missing) {
      for places in Self.chunks(missing, of: job) {
        let result = try job.compute(places.map { job.configurations[$0] }, traceDigest: digest)
        try interruption.storing(places.count) {
          let run = try begun(job)
          try job.storeProfile(in: store)
          try store.store(result, run: run, detail: job.detail)
        }
        done += job.weight * places.count
        line.update(done, of: work)
      }
      let own = try job.configurations.indices.map { try job.identity($0, digest) }
      let stored = Set(job.configurations.indices).subtracting(missing).sorted()
      try store.reuse(stored.map { own[$0] }, run: begun(job))
      try pricing.price(own, in: store)
      identities += own
    }
    let rows = try store.summaries(identities: identities)
    if let run {
      try store.endRun(
        run,
        exactResultsDigest: ReplayResult.digest(ofConfigurations: rows.map(\.exactResultsDigest)))
    }
    return SweepReport(
      plan: plan, rows: rows, run: run?.rawValue, reused: total - missing.reduce(0) { $0 + $1.count },
      traces: jobs.count, seconds: Date().timeIntervalSince(started),
      notes: jobs.flatMap { job in job.notes + job.plan.notes.map { "\(job.trace.path): \($0)" } })
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

  /// About ``chunk`` places each. A policy's budgets stay together where they fit, since they share its scores.
  static func chunks(_ places: [Int], of job: ReplayJob) -> [[Int]] {
    var chunks: [[Int]] = []
    var current: [Int] = []
    let policies = Dictionary(grouping: places) { job.configurations[$0].policy }
    for group in policies.values.sorted(by: { $0[0] < $1[0] }) {
      if !current.isEmpty, current.count + group.count > chunk {
        chunks.append(current)
        current = []
      }
      current += group
      while current.count > chunk {
        chunks.append(Array(current.prefix(chunk)))
        current.removeFirst(chunk)
      }
    }
    return current.isEmpty ? chunks : chunks + [current]
  }
}

extension ReplayJob {
  /// The work of one configuration, as one trace compares with another: tokens that all scored queries see.
  var weight: Int { plan.rows.count * plan.layers.count * trace.metadata.tokens.total }
}
