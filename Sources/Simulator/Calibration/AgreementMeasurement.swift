import Kernels
import Policies

/// Contextual agreement of one KV group: how well each chunk alone finds the K best tokens.
struct AgreementMeasurement {
  let group: GroupContext
  let keys: KeyPanels
  /// `[group heads][steps][headDim]`
  let queries: FloatBuffer
  let steps: [Step]
  let windows: [Int]
  let chunks: RopeChunks
  let worker: ReplayWorker

  /// Profiles store this many decimals: finer differences between chunks are noise.
  private static let decimals = 1e6

  /// Scores of a block are kept below this many floats, so that memory does not grow with the queries.
  private static let blockFloats = 8_000_000

  /// - Returns: `[window][head of the group][chunk]`, each in 0...1.
  func run() -> [[[Double]]] {
    var sums = windows.map { _ in
      Array(repeating: Array(repeating: 0.0, count: chunks.count), count: group.groupSize)
    }
    var overlap = OverlapCounter(tokens: keys.tokens)
    let blockSteps = max(1, Self.blockFloats / (group.groupSize * max(keys.tokens, 1)))
    for start in stride(from: 0, to: steps.count, by: blockSteps) {
      add(start..<min(start + blockSteps, steps.count), to: &sums, overlap: &overlap)
    }
    return sums.map { heads in
      heads.map { $0.map { ($0 / Double(steps.count) * Self.decimals).rounded() / Self.decimals } }
    }
  }

  private func add(_ range: Range<Int>, to sums: inout [[[Double]]], overlap: inout OverlapCounter) {
    let block = makeBlock(range)
    let budgets = windows.map { window in (0..<block.rows).map { min(window, block.visible($0).count) } }
    let whole = budgets.map { block.best(block.fullScores(), budgets: $0) }
    for chunk in 0..<chunks.count {
      // A block of its own, so that one chunk's scores are let go before the next chunk's.
      let partial = makeBlock(range)
      let scores = partial.scores(channels: Array(repeating: chunks.channels(chunk), count: group.groupSize))
      for window in windows.indices {
        let alone = partial.best(scores, budgets: budgets[window])
        for row in 0..<block.rows {
          let common = alone.withTokens(row) { mine in
            whole[window].withTokens(row) { overlap.common($0, mine) }
          }
          sums[window][row / range.count][chunk] += Double(common) / Double(budgets[window][row])
        }
      }
    }
  }

  private func makeBlock(_ range: Range<Int>) -> ScoredBlock {
    ScoredBlock(
      group: group, steps: Array(steps[range]), kernels: worker.kernels, keys: keys,
      queries: queries.rows(range, of: steps.count, blocks: group.groupSize, width: group.headDim),
      pool: worker.pool, scratch: worker.scratch)
  }
}
