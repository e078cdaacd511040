import Attention
import Kernels
import Policies
import Traces

/// A policy at a budget: one line of a comparison.
public struct ReplayConfiguration: Sendable, Hashable {
  public let policy: PolicyConfiguration
  /// Nil for a policy that sizes its own sets.
  public let budget: Budget?

  public init(policy: PolicyConfiguration, budget: Budget?) {
    self.policy = policy
    self.budget = policy.descriptor.usesBudget ? budget : nil
  }

  public var label: String { ConfigurationLabel(policy: policy.label, budget: budget?.description).text }
}

/// All that one replay of one trace gave.
public struct ReplayResult: Sendable {
  public let trace: TraceIdentity
  public let instructionSet: InstructionSet
  public let threads: Int
  public let seed: UInt64
  /// Layers, query heads and steps that were scored.
  public let layers: [Int]
  public let steps: [Step]
  public internal(set) var configurations: [ConfigurationResult]
  /// Bytes of dense attention over the same steps, by layer and KV head.
  public let dense: [GroupWork]
  /// SHA-256 over all configurations' digests in order, lower-case hexadecimal.
  public let exactResultsDigest: String
  /// What the user should know, a sentence each.
  public let notes: [String]
  /// What one thread reads from memory that no cache holds, bytes per second; nil where timing was off.
  public internal(set) var readBandwidth: Double?

  /// KV heads that were replayed.
  public var kvHeads: [Int] { Array(Set(dense.map(\.kvHead))).sorted() }
}

extension ReplayResult {
  /// The digest of a run over its configurations' digests, in the order in which they were asked for.
  public static func digest(ofConfigurations digests: [String]) -> String { ExactDigest.of(digests) }
}

/// Which trace it was.
public struct TraceIdentity: Sendable {
  /// The path it was read from, as given.
  public let path: String
  /// SHA-256 of the file's bytes.
  public let digest: String
  public let fileSize: Int
  public let metadata: TraceMetadata
}

/// One configuration's exact results and timings.
public struct ConfigurationResult: Sendable {
  public let configuration: ReplayConfiguration
  public let calibration: CalibrationUse?
  /// SHA-256 of a file that the policy read beside trace and profile.
  public var inputDigest: String?
  /// By layer, then query head.
  public let heads: [HeadResult]
  /// What whole layers lose after their output projection: of those whose projection the trace holds, where all query
  /// heads are scored. No part of the digest, which traces without projections have as well.
  public var layers: [LayerResult] = []
  /// By layer, then KV head.
  public let traffic: [GroupWork]
  /// What could be given back of each layer's cache; empty where the policy drops nothing. No part of the digest.
  public var freed: [FreedBlocks] = []
  /// SHA-256 of this configuration's exact results, lower-case hexadecimal.
  public let digest: String
  /// Empty where timing was off.
  public internal(set) var kernelSamples: [KernelSample] = []
  /// What each KV group chose at the last step, for timing.
  var lastChoices: [GroupChoice] = []
}

/// Which calibration a configuration used.
public struct CalibrationUse: Sendable, Equatable {
  /// SHA-256 of the profile file, or nil where the trace's own queries were used.
  public let profileDigest: String?
  /// Titles of the texts that calibrated.
  public let texts: [String]
}

/// The bytes moved for one KV head over all scored steps, and those kept for it.
public struct GroupWork: Sendable {
  public let layer: Int
  public let kvHead: Int
  public let work: Work
  /// Keys, values and the policy's own data at the last scored step.
  public let residentDeviceBytes: Int
  public let residentHostBytes: Int
  /// What each scored step found in the hot buffer; empty where there is none.
  public internal(set) var hotSteps: [HotBufferStep] = []
}

/// One timing of one stage of a decode step of one KV group.
public struct KernelSample: Sendable, Equatable {
  /// Nil for dense attention by the same kernels over the same cache, timed alternately with the policy.
  public let stage: Stage?
  /// As results name what was timed.
  public var name: String { stage?.rawValue ?? "dense" }
  /// Counts from 0 within a stage; the same number is the same step in every stage.
  public let repeatIndex: Int
  public let layer: Int
  public let kvHead: Int
  public let nanoseconds: Int
  /// Bytes read and written by the stage, as the decode kernels move them.
  public let bytes: Int
}

extension ReplayConfiguration {
  /// Every policy at every budget; those that size their own sets once.
  ///
  /// - Throws: ``ReplayError`` where a budget is given twice.
  public static func grid(_ policies: [PolicyConfiguration], budgets: [Budget]) throws
    -> [ReplayConfiguration]
  {
    var seen: Set<Budget> = []
    if let again = budgets.first(where: { !seen.insert($0).inserted }) {
      throw ReplayError(
        "budget \(again)", expected: "each budget once", found: "it twice", advice: "leave one out")
    }
    let most = PolicyGrammar.largestGrid
    let sizing = policies.count { $0.descriptor.usesBudget }
    guard let size = GridSize.product([sizing, budgets.count]),
      size <= most - min(most, policies.count - sizing)
    else {
      throw ReplayError(
        "policies and budgets", expected: "at most \(most) configurations of a trace",
        found: "\(sizing) policies × \(budgets.count) budgets",
        advice: "take fewer of them, or replay them in turns")
    }
    return policies.flatMap { policy in
      policy.descriptor.usesBudget
        ? budgets.map { ReplayConfiguration(policy: policy, budget: $0) }
        : [ReplayConfiguration(policy: policy, budget: nil)]
    }
  }
}
