/// One measured call of dense decode attention: a kernel of one layer, which a benchmark calls again and again.
package struct DenseCall: Sendable, Equatable {
  /// Of a number of the cache.
  package var elementBytes: Double
  /// Channels of a head.
  package var headDim: Double
  package var queryHeads: Double
  package var kvHeads: Double
  /// Sequences of a call.
  package var batch: Double
  /// Tokens that each sequence attends to.
  package var context: Double

  package init(
    elementBytes: Double, headDim: Double, queryHeads: Double, kvHeads: Double, batch: Double, context: Double
  ) {
    self.elementBytes = elementBytes
    self.headDim = headDim
    self.queryHeads = queryHeads
    self.kvHeads = kvHeads
    self.batch = batch
    self.context = context
  }

  /// Keys and values of all sequences.
  package var cacheBytes: Double { batch * kvHeads * context * rowBytes }
  /// A token's key and value of one head.
  private var rowBytes: Double { 2 * headDim * elementBytes }

  /// Of one sequence. Each call reads the same keys and values, which the last-level cache may still hold.
  package var load: StepLoad {
    var load = StepLoad()
    load.cache = rows
    load.attend = [Access(bytes: kvHeads * context * rowBytes)]
    load.attendOperations = 4 * queryHeads * context * headDim
    load.isRepeated = true
    return load
  }

  var rows: CacheRows {
    CacheRows(
      perSequence: kvHeads, bits: elementBytes * 8, headDim: headDim, isGrouped: queryHeads > kvHeads)
  }

  package func microseconds(_ model: CostModel) -> Double {
    model.time(load, batch: batch).nanoseconds / 1000
  }

  /// Whether keys and values are at least twice the last-level cache, which then serves next to nothing of them again;
  /// of a machine whose description has no such cache, whatever they are.
  package func isFromMemory(of machine: HardwareDescription) -> Bool {
    machine.lastLevelCache.map { cacheBytes >= 2 * $0.bytes } ?? true
  }

  /// Whether a time can be held against the memory: keys and values are larger than twice a last-level cache that is known.
  package func isChecked(of machine: HardwareDescription) -> Bool {
    machine.lastLevelCache.map { cacheBytes > 2 * $0.bytes } ?? false
  }

  /// Whether a time is shorter than the memory takes of keys and values that no cache serves: then it is no measurement.
  package func beatsMemory(of machine: HardwareDescription, microseconds: Double) -> Bool {
    isChecked(of: machine)
      && cacheBytes / machine.memory.bandwidthBytesPerSecond > microseconds * 1e-6
  }
}
