import Kernels
import Policies
import Simulator

/// A row of the batch: a configuration, its caches that go on from the prompt, and what its policy did.
final class LiveRow {
  let configuration: ReplayConfiguration
  /// By layer.
  private var caches: [[LiveCache]]
  private var choosers: [LiveChooser]
  /// The same policy asked about row 0's inputs; empty where it is not.
  private var openLoop: [LiveChooser]
  /// Layers and steps at which the policy ran.
  private(set) var calls = 0

  init(_ configuration: ReplayConfiguration, layers: [LiveLayer], choosers: [LiveChooser], openLoop: Bool) {
    self.configuration = configuration
    self.choosers = choosers
    self.openLoop = openLoop ? choosers : []
    caches = layers.map { $0.caches.map { $0.forked() } }
  }

  /// One layer of a step.
  ///
  /// - Parameters:
  ///   - input: the row's own.
  ///   - reference: row 0's step, where policies are asked about it.
  ///   - out: gets `[query heads][valueDim]`.
  func step(
    _ layer: LiveLayer, number: Int, at step: Step, input: LiveInput, reference: [LiveBlock]?,
    out: UnsafeMutablePointer<Float>, worker: LiveWorker
  ) throws {
    let place = layer.groups.first?.layer ?? 0
    let blocks = try input.blocks(layer, at: step, caches: caches[place], worker: worker)
    let choices = try choosers[place].step(
      blocks, number: number, before: place > 0 ? choosers[place - 1] : nil)
    for ((group, block), choice) in zip(zip(layer.groups, blocks), choices) {
      for (row, head) in group.queryHeads.enumerated() {
        block.exact.output(row, of: choice, into: out + head * group.valueDim)
      }
    }
    if let reference, !openLoop.isEmpty {
      _ = try openLoop[place].step(
        reference, number: number, before: place > 0 ? openLoop[place - 1] : nil)
    }
    calls += 1
  }

  /// By layer, then KV head.
  var states: [[ConfigurationReplay]] { choosers.map(\.states) }
  var openLoopStates: [[ConfigurationReplay]] { openLoop.map(\.states) }
}

/// What an engine gives for one row and layer of a step.
struct LiveInput {
  /// `[query heads][headDim]`
  let queries: UnsafePointer<Float>
  /// `[KV heads][headDim]`
  let keys: UnsafePointer<Float>
  /// `[KV heads][valueDim]`
  let values: UnsafePointer<Float>

  /// The row's step after its new token has joined its caches, with full attention.
  func blocks(_ layer: LiveLayer, at step: Step, caches: [LiveCache], worker: LiveWorker) throws
    -> [LiveBlock]
  {
    try zip(layer.groups, caches).map { group, cache in
      cache.append(key: keys + group.kvHead * group.headDim, value: values + group.kvHead * group.valueDim)
      let own = FloatBuffer(count: group.groupSize * group.headDim)
      own.pointer.update(from: queries + group.queryHeads.lowerBound * group.headDim, count: own.count)
      let scored = ScoredBlock(
        group: group, steps: [step], kernels: worker.kernels, keys: cache.keys, queries: own,
        tables: cache.tables, pool: worker.pool, scratch: worker.scratch)
      let exact = try ExactAttention(scored, values: cache.values)
      return LiveBlock(scored: scored, exact: exact, oracle: OracleMeasures(exact))
    }
  }
}
