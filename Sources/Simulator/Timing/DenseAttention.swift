import Attention
import Kernels

/// Attention over rows that lie side by side, in one pass for the heads that share it.
struct DenseAttention {
  private let kernels: Kernels
  private let cache: DecodeCache
  private let runs: TokenRuns
  private let queries: DecodeQueries
  private let part: PartialAttention
  /// Held, since nothing else of a step that only attends holds it.
  private let output: FloatBuffer

  /// - Parameters:
  ///   - runs: of the group's tokens; none empty.
  ///   - heads: query heads that attend to the same rows.
  init(_ group: ColdGroup, runs: [Range<Int>], heads: Range<Int>, kernels: Kernels, scratch: StepScratch) {
    self.kernels = kernels
    self.runs = TokenRuns(runs)
    cache = group.cache
    queries = group.queries(of: heads)
    part = scratch.part(heads: heads.count, valueChannels: group.context.valueDim)
    output = scratch.output
  }

  func run() {
    kernels.decodeAttend(cache, runs, queries, into: part)
    kernels.decodeMerge([part], into: output.pointer)
  }
}
