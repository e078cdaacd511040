import Foundation
import Policies
import Results
import Simulator
import Traces

extension ReplayJob {
  /// What a database holds of the job before it runs.
  package struct Stored {
    /// Of the trace; nil where it is not there, so that its digest need not be known yet.
    let traceDigest: String?
    /// Places of the configurations to compute.
    package let missing: [Int]
  }

  /// What is stored is known by the trace's digest. Where no trace of this size is, nothing can be, and the
  /// digest is taken beside the replay.
  package func stored(in store: ResultsStore) throws -> Stored {
    let digest = try store.holdsTrace(ofBytes: trace.fileSize) ? trace.claimedDigest() : nil
    return Stored(
      traceDigest: digest,
      missing: try digest.map { try missing(in: store, traceDigest: $0) } ?? Array(configurations.indices))
  }

  /// Places of the configurations that the store lacks, or of which it lacks the steps or times asked for.
  ///
  /// - Parameter places: of the configurations that are looked for; nil for all.
  func missing(in store: ResultsStore, traceDigest: String, among places: [Int]? = nil) throws -> [Int] {
    let places = places ?? Array(configurations.indices)
    if computesAgain { return places }
    return try places.filter { index in
      // What stored results are known by says nothing of the code of a policy from elsewhere.
      guard configurations[index].policy.isBundled else { return true }
      return try !store.contains(
        identity(index, traceDigest), detail: detail, kernelThreads: isTimed ? kernelThreads : nil)
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

  /// Seconds from the compressed file to the committed results in a database of its own, which is then removed.
  package func timeIntoNewDatabase() throws -> Double {
    let folder = try ScratchFolder(holding: ScratchFolder.database("runs.db"))
    return try withExtendedLifetime(folder) {
      try ContinuousClock().measure {
        let store = try ResultsStore(path: folder.path("runs.db"))
        _ = try run(store: store)
      }.seconds
    }
  }
}

extension PolicyConfiguration {
  /// Whether its type is one of the registry's, and so part of the build.
  fileprivate var isBundled: Bool {
    PolicyRegistry.policy(named: descriptor.name).map { ObjectIdentifier($0) } == ObjectIdentifier(type)
  }
}
