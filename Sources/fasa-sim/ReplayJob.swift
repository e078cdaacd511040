import Attention
import Foundation
import Hardware
import Kernels
import Results
import Simulator
import Traces

/// One trace's part of a `replay` command: what is stored already is left out, the rest is computed,
/// timed and stored.
struct ReplayJob {
  let trace: Trace
  let configurations: [ReplayConfiguration]
  let options: ReplayOptions
  let isTimed: Bool
  let detail: ResultsStore.Detail
  let computesAgain: Bool
  let isSilent: Bool
  /// What the command did before, a sentence each.
  let notes: [String]
  /// How heads read, where budgets are what a share of dense attention's bytes buys.
  let bytesReading: Reading?
  let plan: ReplayPlan

  init(
    trace: Trace, configurations: [ReplayConfiguration], options: ReplayOptions, isTimed: Bool,
    detail: ResultsStore.Detail, computesAgain: Bool, isSilent: Bool = false, notes: [String] = [],
    bytesReading: Reading? = nil
  ) throws {
    self.trace = trace
    self.configurations = configurations
    self.options = options
    self.isTimed = isTimed
    self.detail = detail
    self.computesAgain = computesAgain
    self.isSilent = isSilent
    self.notes = notes
    self.bytesReading = bytesReading
    plan = try ReplayPlan(trace, configurations: configurations, options: options)
  }

  /// What a database holds of the job before it runs.
  struct Stored {
    /// Of the trace; nil where it is not there, so that its digest need not be known yet.
    let traceDigest: String?
    /// Places of the configurations to compute.
    let missing: [Int]
  }

  /// What is stored is known by the trace's digest. Where no trace of this size is, nothing can be, and the
  /// digest is taken beside the replay.
  func stored(in store: ResultsStore, traceDigest known: String? = nil) throws -> Stored {
    let digest = try known ?? (store.holdsTrace(ofBytes: trace.fileSize) ? trace.digest() : nil)
    return Stored(
      traceDigest: digest,
      missing: try digest.map { try missing(in: store, traceDigest: $0) } ?? Array(configurations.indices))
  }

  /// - Parameter traceDigest: where the caller knows it.
  func run(
    store: ResultsStore, traceDigest: String? = nil, interruption: Interruption? = nil,
    blockSize: BlockSize = BlockSize()
  ) throws -> ReplayReport {
    let found = try stored(in: store, traceDigest: traceDigest)
    let started = Date()
    let line = isSilent ? nil : ProgressLine("replaying \(trace.path)")
    defer { line?.finish() }
    var report = options.progress
    if let line { report = { line.update($0, of: $1) } }
    var begun: RunID?
    let filled = try fill(
      found.missing, in: store, traceDigest: found.traceDigest, interruption: interruption,
      blockSize: blockSize, progress: report
    ) {
      let run = try begun ?? store.beginRun(.ofThisProcess(options, startedAt: started))
      begun = run
      return run
    }
    let run = try begun ?? store.beginRun(.ofThisProcess(options, startedAt: started))
    if begun == nil { try storeProfile(in: store) }
    let digest = try found.traceDigest ?? filled.traceDigest ?? trace.digest()
    let identities = try configurations.indices.map { try identity($0, digest) }
    let missing = Set(found.missing)
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
      readBandwidth: filled.readBandwidth, jobNotes: notes + filled.notes, bytesReading: bytesReading)
  }

  /// Seconds from the compressed file to the committed results in a database of its own, which is then removed.
  func timeIntoNewDatabase() throws -> Double {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fasa-sim-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try ContinuousClock().measure {
      let store = try ResultsStore(path: folder.appending(path: "runs.db").path(percentEncoded: false))
      _ = try run(store: store)
    }.seconds
  }

  /// Places of the configurations that the store lacks, or of which it lacks the steps or times asked for.
  func missing(in store: ResultsStore, traceDigest: String) throws -> [Int] {
    if computesAgain { return Array(configurations.indices) }
    return try configurations.indices.filter { index in
      try !store.contains(
        identity(index, traceDigest), detail: detail,
        timings: isTimed)
    }
  }

  func storeProfile(in store: ResultsStore) throws {
    guard let profile = options.profile, plan.usesProfile else { return }
    try store.store(profile.profile, digest: profile.digest)
  }

  func identity(_ index: Int, _ traceDigest: String) throws -> ConfigurationIdentity {
    try ConfigurationIdentity(
      traceDigest: traceDigest, configuration: configurations[index],
      calibration: plan.calibrationUse(configurations[index]), input: plan.inputDigest(configurations[index]),
      seed: options.seed, layers: plan.layers,
      queryHeads: plan.heads, steps: plan.stepIndices)
  }
}

extension RunInfo {
  /// A run of this command line on this machine.
  static func ofThisProcess(_ options: ReplayOptions, startedAt: Date) -> RunInfo {
    RunInfo(
      commandLine: CommandLine.arguments.map(\.shellQuoted).joined(separator: " "),
      toolVersion: FasaSim.version, gitCommit: SourceTree.commit, hostCPU: HostMachine.current.processor,
      instructionSet: options.instructionSet, threads: options.threads, startedAt: startedAt)
  }
}

extension String {
  /// Quoted where a shell needs it.
  fileprivate var shellQuoted: String {
    let safe = CharacterSet.alphanumerics.union(CharacterSet(charactersIn: "-_./:=,%+@"))
    let isSafe = !isEmpty && unicodeScalars.allSatisfy(safe.contains)
    return isSafe ? self : "'" + replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
