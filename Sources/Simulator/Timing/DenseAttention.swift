import Attention
import Kernels
import Policies

/// Attention over rows that lie side by side, as a decoder does it: the group's heads share one pass.
struct DenseAttention {
  let kernels: Kernels
  let scratch: StepScratch

  /// - Parameters:
  ///   - first: row of the cache at which they begin.
  ///   - heads: query heads that attend to the same rows.
  func run(_ group: ColdGroup, first: Int = 0, count: Int, heads: Range<Int>) {
    let context = group.context
    guard count > 0 else { return }
    kernels.decodeScore(
      rows: group.keys + first * context.headDim, element: group.element, tokens: count,
      channels: context.headDim, queries: group.queries.pointer + heads.lowerBound * context.headDim,
      heads: heads.count, into: scratch.row(0), stride: scratch.stride)
    for head in 0..<heads.count {
      let row = scratch.row(head, count: count)
      kernels.exponentials(
        row, offset: kernels.maximum(row), scale: context.scale, into: scratch.row(head))
    }
    kernels.decodeAttend(
      rows: group.values + first * context.valueDim, element: group.element, tokens: count,
      channels: context.valueDim, weights: scratch.row(0), stride: scratch.stride, heads: heads.count,
      into: scratch.output.pointer)
  }
}
