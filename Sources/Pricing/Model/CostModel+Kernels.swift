import Foundation

extension CostModel {
  /// Of what the memory and what the blocks at work take of the rows that are attended to, the longer, with a soft
  /// corner between them.
  ///
  /// - Parameter moving: what the memory takes of all of them, in seconds.
  func attending(
    _ moving: Double, _ accesses: [Access], _ load: StepLoad, _ kernel: KernelSet.DenseKernel, batch: Double
  ) -> Double {
    let bytes = counted(accesses) * batch
    let again = machine.lastLevelCache.map { kernel.servedAgain(bytes: bytes, cacheBytes: $0.bytes) } ?? 0
    let memory = moving * (load.isRepeated ? 1 - again : 1)
    guard let blocks = kernel.blocks, let units = machine.computeUnits, bytes > 0 else { return memory }
    let busy = blocks.busy(rows: load.cache.perSequence * batch, units: units)
    let taken = bytes / (blocks.rate * machine.reachableBandwidth * busy)
    return Self.longer(memory, taken, corner: KernelSet.DenseKernel.corner)
  }

  /// Softmax and top-k.
  func selectSeconds(_ load: StepLoad, batch: Double) -> Double {
    guard load.candidates > 0 else { return 0 }
    let perRow = load.candidates / load.rows
    guard let select = kernels.sparse.rowSelect else {
      let moved = 2 * kernels.sparse.selectPasses * load.candidates * batch
      return moved / machine.reachableBandwidth + kernels.sparse.serialNsPerToken * perRow * 1e-9
    }
    let waiting = machine.computeUnits.map { select.occupancy * load.rows * batch / $0 } ?? 0
    let working = (select.startNs + select.tokenNs * perRow) * 1e-9 * Self.longer(1, waiting, corner: 4)
    let scores = 4 * load.candidates * batch
    return Self.longer(
      working, scores / (select.efficiency * machine.reachableBandwidth), corner: Self.selectCorner)
  }

  /// Between working through rows and reading their scores.
  private static let selectCorner = 3.0

  /// The longer of two times, with a soft corner where they are about as long.
  static func longer(_ a: Double, _ b: Double, corner: Double) -> Double {
    let longest = max(a, b)
    guard longest > 0 else { return 0 }
    return longest * pow(pow(a / longest, corner) + pow(b / longest, corner), 1 / corner)
  }
}
