import Attention
import Policies
import Simulator

/// A row of the batch: a configuration, its caches that go on from the prompt, and what its policy did.
final class LiveRow {
  let configuration: ReplayConfiguration
  /// By layer.
  private let caches: [LiveRowCaches]
  private var choosers: [LiveChooser]
  /// The same policy asked about row 0's inputs; empty where it is not.
  private var openLoop: [LiveChooser]
  /// Layers and steps at which the policy ran.
  private(set) var calls = 0

  init(_ configuration: ReplayConfiguration, layers: [LiveLayer], choosers: [LiveChooser], openLoop: Bool) {
    self.configuration = configuration
    self.choosers = choosers
    self.openLoop = openLoop ? choosers : []
    caches = layers.map { LiveRowCaches($0, format: configuration.policy.cacheFormat) }
  }

  func caches(_ layer: LiveLayer) -> LiveRowCaches { caches[layer.place] }

  /// One layer of a step.
  ///
  /// - Parameters:
  ///   - blocks: the row's own, by KV head.
  ///   - reference: row 0's, where policies are asked about it; by format.
  ///   - out: gets `[query heads][valueDim]`.
  func step(
    _ layer: LiveLayer, number: Int, blocks: [LiveBlock], reference: [CacheFormat?: [LiveBlock]]?,
    out: UnsafeMutablePointer<Float>
  ) throws {
    let place = layer.place
    let choices = try choosers[place].step(
      blocks, number: number, before: place > 0 ? choosers[place - 1] : nil)
    for ((group, block), choice) in zip(zip(layer.groups, blocks), choices) {
      for (row, head) in group.queryHeads.enumerated() {
        block.stored.output(row, of: choice, into: out + head * group.valueDim)
      }
    }
    if let reference = reference?[configuration.policy.cacheFormat], !openLoop.isEmpty {
      _ = try openLoop[place].step(
        reference, number: number, before: place > 0 ? openLoop[place - 1] : nil)
    }
    calls += 1
  }

  /// By layer, then KV head.
  var states: [[ConfigurationReplay]] { choosers.map(\.states) }
  var openLoopStates: [[ConfigurationReplay]] { openLoop.map(\.states) }
}
