import Foundation
import Policies
import Results
import Simulator
import Traces

/// What a sweep has to do for one trace, or for one unit of it.
struct SweepWork {
  /// Place of the trace's job in the sweep.
  let job: Int
  /// Nil for all that is asked of the trace, in blocks that follow the pace.
  let unit: SweepUnit?
  /// Places of its configurations in the job: in the database, in others that are known, and in none.
  let stored: [Int]
  let known: [Int]
  let missing: [Int]
}

extension Sweep {
  /// - Parameters:
  ///   - store: the database that the sweep writes to; nil where there is none yet.
  ///   - known: databases whose configurations are left out.
  func work(in store: ResultsStore?, known: [ResultsStore]) throws -> [SweepWork] {
    let parts: [(job: Int, unit: SweepUnit?)] =
      units?.map { ($0.job, $0) } ?? jobs.indices.map { ($0, nil) }
    return try parts.map { part in
      let (job, digest) = (jobs[part.job], digests[part.job])
      let all = (part.unit?.places ?? Array(job.configurations.indices)).sorted()
      let lacking = try store.map { try job.missing(in: $0, traceDigest: digest, among: all) } ?? all
      let missing = try known.reduce(lacking) { try job.missing(in: $1, traceDigest: digest, among: $0) }
      let (isLacking, isMissing) = (Set(lacking), Set(missing))
      return SweepWork(
        job: part.job, unit: part.unit, stored: all.filter { !isLacking.contains($0) },
        known: lacking.filter { !isMissing.contains($0) }, missing: missing)
    }
  }

  /// What kept one trace, or a unit of it, from being replayed.
  struct Failure {
    let unit: SweepUnit?
    let error: any Error
  }

  /// What became of a sweep's work.
  struct Outcome {
    let work: [SweepWork]
    /// Nil where nothing was to do.
    let run: RunID?
    /// By trace, then configuration; those of failed units left out.
    let rows: [SummaryRow]
    let notes: [String]
    let failures: [Failure]
    let seconds: Double

    var stored: Int { work.reduce(0) { $0 + $1.stored.count } }
  }

  /// Computes, stores and prices what is missing. Of units each is computed at once, so that its trace is read and scored
  /// once, and one whose trace or policies fail leaves the others be.
  func fill(
    store: ResultsStore, known: [ResultsStore], storing: (any StoringGuard)?,
    progress: (@Sendable (_ done: Int, _ total: Int) -> Void)?
  ) throws -> Outcome {
    let work = try work(in: store, known: known)
    let weight = { (part: SweepWork) in jobs[part.job].weight * part.missing.count }
    let total = work.reduce(0) { $0 + weight($1) }
    let stored = work.reduce(0) { $0 + $1.stored.count }
    storing?.begin(stored: stored, of: work.reduce(stored) { $0 + $1.missing.count })
    let started = Date()
    let blockSize = units == nil ? BlockSize() : BlockSize(fixed: SweepUnit.mostConfigurations)
    var run: RunID?
    var (done, identities, notes): (Int, [ConfigurationIdentity], [String]) = (0, [], [])
    var failures: [Failure] = []
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
    for part in work {
      let (job, digest) = (jobs[part.job], digests[part.job])
      let (before, own) = (done, weight(part))
      done += own
      do {
        let filled = try job.fill(
          part.missing, in: store, traceDigest: digest, storing: storing, blockSize: blockSize,
          progress: { progress?(before + Int(Double(own) * Double($0) / Double($1)), total) }
        ) { try begun(job) }
        notes += filled.notes.map { "\(job.trace.path): \($0)" }
        notReproduced = notReproduced ?? filled.notReproduced
      } catch where part.unit != nil && (error is TraceError || error is ReplayError || error is PolicyError) {
        failures.append(Failure(unit: part.unit, error: error))
        continue
      }
      let places = (part.stored + part.missing).sorted()
      if places.isEmpty { continue }
      try store.reuse(part.stored.map { try job.identity($0, digest) }, run: begun(job))
      let asked = try places.map { try job.identity($0, digest) }
      try pricing.price(store.summaries(identities: asked), in: store)
      identities += asked
    }
    let rows = try store.summaries(identities: identities)
    if let run {
      try store.endRun(
        run,
        exactResultsDigest: ReplayResult.digest(ofConfigurations: rows.map(\.exactResultsDigest)))
    }
    if let notReproduced { throw notReproduced }
    return Outcome(
      work: work, run: run, rows: rows, notes: notes, failures: failures,
      seconds: Date().timeIntervalSince(started))
  }
}
