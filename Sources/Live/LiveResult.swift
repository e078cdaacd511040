import Attention
import Policies
import Simulator

/// What one row did since the prompt.
public struct LiveResult: Sendable {
  public let configuration: ReplayConfiguration
  /// Layers and steps at which the policy ran.
  public let calls: Int
  /// On the row's own caches.
  public let own: LiveMeasures
  /// On row 0's; nil where policies were not asked about them.
  public let openLoop: LiveMeasures?

  init(_ row: LiveRow, steps: Int, reference: LiveRow?, open: Bool) {
    configuration = row.configuration
    calls = row.calls
    own = LiveMeasures(row.states, steps: steps)
    // Row 0's own caches are what the others are asked about.
    openLoop = !open ? nil : row === reference ? own : LiveMeasures(row.openLoopStates, steps: steps)
  }
}

/// Exact quantities of a policy's choices over the steps so far.
public struct LiveMeasures: Sendable {
  /// By layer, then query head; of steps to come nothing is defined.
  public let heads: [HeadResult]
  public let steps: Int
  /// What was moved, over all layers and steps.
  public let work: Work

  init(_ states: [[ConfigurationReplay]], steps: Int) {
    let outcomes = states.joined().map(\.outcome)
    self.init(heads: outcomes.flatMap(\.heads), work: outcomes.map(\.work), steps: steps)
  }

  /// Of a replay's configuration: the same quantities over a trace's steps.
  public init(_ result: ConfigurationResult, steps: Int) {
    self.init(heads: result.heads, work: result.traffic.map(\.work), steps: steps)
  }

  private init(heads: [HeadResult], work parts: [Work], steps: Int) {
    self.heads = heads
    self.steps = steps
    var work = Work()
    for part in parts { work.merge(part) }
    self.work = work
  }

  /// Mean over query heads and steps; NaN where it is nowhere defined.
  public func mean(_ metric: Metric) -> Double { Self.mean(heads.flatMap { $0[metric].prefix(steps) }) }

  /// The mean over steps of every query head, where it is defined.
  public func byHead(_ metric: Metric) -> [Double] {
    heads.map { Self.mean(Array($0[metric].prefix(steps))) }.filter { !$0.isNaN }
  }

  /// Mean over query heads, step by step.
  public func byStep(_ metric: Metric) -> [Double] {
    (0..<steps).map { step in Self.mean(heads.map { $0[metric, step] }) }
  }

  /// Mean over query heads and steps, layer by layer.
  public func byLayer(_ metric: Metric) -> [Double] {
    Dictionary(grouping: heads, by: \.layer).sorted { $0.key < $1.key }.map { _, heads in
      Self.mean(heads.flatMap { $0[metric].prefix(steps) })
    }
  }

  /// The output error weighted by norm, Σ‖Δ‖ / Σ‖o‖ over query heads and steps; NaN where it is nowhere defined.
  public var weightedOutputError: Double { Self.weighted(heads, 0..<steps) }

  /// The same, step by step.
  public var weightedByStep: [Double] { (0..<steps).map { Self.weighted(heads, $0..<$0 + 1) } }

  /// The same, layer by layer.
  public var weightedByLayer: [Double] {
    Dictionary(grouping: heads, by: \.layer).sorted { $0.key < $1.key }.map {
      Self.weighted($0.value, 0..<steps)
    }
  }

  private static func weighted(_ heads: [HeadResult], _ steps: Range<Int>) -> Double {
    var (errors, norms) = (0.0, 0.0)
    for head in heads {
      for step in steps where !head[.outputError, step].isNaN {
        errors += head[.outputError, step] * head.outputNorm(step)
        norms += head.outputNorm(step)
      }
    }
    return errors / norms
  }

  /// SHA-256 of all token sets, by layer, query head and step, lower-case hexadecimal.
  public var choicesDigest: String {
    let digest = SHA256Digest()
    for head in heads {
      for hash in head.choiceHashes.prefix(steps) {
        withUnsafeBytes(of: hash.littleEndian) { digest.update($0) }
      }
    }
    return digest.hex
  }

  private static func mean(_ values: [Double]) -> Double {
    let defined = values.filter { !$0.isNaN }
    return defined.isEmpty ? .nan : defined.reduce(0, +) / Double(defined.count)
  }
}
