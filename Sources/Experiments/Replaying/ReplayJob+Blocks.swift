import Results
import Simulator

extension ReplayJob {
  /// What became of the configurations that were computed.
  struct Filled {
    var traceDigest: String?
    var readBandwidth: Double?
    /// Those that another build had stored.
    var rebuilt: [RebuiltConfiguration] = []
    /// This build gave other bits before, for at least one of them.
    var notReproduced: ResultsError?
  }

  /// Computes configurations block by block, and stores each block before the next begins.
  ///
  /// Nothing is written before the first block is computed, so that a damaged trace leaves no trace in the database.
  ///
  /// - Parameters:
  ///   - places: of the configurations to compute.
  ///   - progress: called with parts done and parts in all, from any thread.
  ///   - run: the run that stores them, begun when it is first asked for.
  func fill(
    _ places: [Int], in store: ResultsStore, traceDigest: String?, storing: (any StoringGuard)?,
    blockSize: BlockSize, progress report: (@Sendable (Int, Int) -> Void)? = nil, run: () throws -> RunID
  ) throws -> Filled {
    // A digest that was only claimed is taken of the file beside the first block, before anything is stored.
    var filled = Filled(traceDigest: trace.expectedDigest == nil ? traceDigest : nil)
    var blocks = ReplayBlocks(places, of: configurations)
    let timing = isTimed ? KernelTiming(trace, threads: kernelThreads) : nil
    let progress = report.map { BlockProgress(places.count, report: $0) }
    while let block = blocks.next(blockSize.count(weight: weight)) {
      let clock = ContinuousClock()
      let started = clock.now
      var options = options
      if let progress { options.progress = { progress.walked($0, of: $1, block: block.count) } }
      var result = try Replay(trace).run(
        block.map { configurations[$0] }, options: options, traceDigest: filled.traceDigest, whole: plan)
      result = try timing?.run(result) ?? result
      blockSize.took((clock.now - started).seconds, configurations: block.count, weight: weight)
      filled.traceDigest = result.trace.digest
      filled.readBandwidth = result.readBandwidth ?? filled.readBandwidth
      let run = try run()
      try storeProfile(in: store)
      do {
        let report = try store.store(result, run: run, detail: storedDetail) { transaction in
          if let storing { try storing.storing(transaction) } else { try transaction() }
        }
        filled.rebuilt += report.rebuilt
      } catch let error as ResultsError where error.kind == .notReproduced {
        filled.notReproduced = filled.notReproduced ?? error
      }
      progress?.finished(block: block.count)
    }
    return filled
  }

  /// The work of one configuration, as one trace compares with another: tokens that all scored queries see.
  var weight: Int { plan.rows.count * plan.layers.count * trace.metadata.tokens.total }
}

extension ReplayJob.Filled {
  /// What the user should know of other builds' results.
  var notes: [String] {
    guard let first = rebuilt.first else { return [] }
    let other = rebuilt.filter { !$0.isSame }
    let builds = Set(rebuilt.map(\.otherBuild)).sorted().joined(separator: ", ")
    let computed =
      "computed by this build what another had stored (\(builds)), \(rebuilt.count) in all"
    guard let example = other.first else {
      return ["\(computed), to the same bits: such as configuration:\(first.configuration), \(first.label)"]
    }
    return [
      "\(computed), \(other.count) to other bits, as changed code may give: such as configuration:\(example.configuration), \(example.label), which was configuration:\(example.other); both are kept"
    ]
  }
}
