import Attention
import Kernels

/// The operations that choose.
extension StepPreparation {
  /// The best of each head's scores, or of the sums over the group's heads.
  func select(_ extent: StepExtent) -> () -> Void {
    let (kernels, scratch, heads) = (kernels, scratch, heads)
    let count = candidates(extent)
    let isShared = choice.choosesPerGroup && heads > 1
    let chosen = (0..<(isShared ? 1 : heads)).map { min(count, selected(head: $0, of: count)) }
    return {
      if isShared {
        kernels.decodeSum(
          rows: scratch.row(0), stride: scratch.stride, heads: heads, tokens: count, into: scratch.row(0))
      }
      for (head, k) in chosen.enumerated() {
        kernels.topK(scratch.row(head, count: count), k: k, into: scratch.list, scratch: scratch.topK)
      }
    }
  }

  /// The smallest set of each head's scores that holds a share of its attention. How large the share is matters little to the
  /// time: the threshold is found by halving.
  func smallestSet(_ extent: StepExtent) -> () -> Void {
    let (kernels, scratch, heads) = (kernels, scratch, heads)
    let count = candidates(extent)
    let scale = group.context.scale
    let own = FloatBuffer(count: Kernels.topPScratch(tokens: count))
    return {
      for head in 0..<heads {
        _ = kernels.decodeTopP(
          scratch.row(head, count: count), scale: scale, share: 0.9,
          into: .init(start: scratch.list, count: count), scratch: own)
      }
    }
  }

  /// Scores of one head, or numbers that all heads share.
  private func candidates(_ extent: StepExtent) -> Int {
    max(1, extent.rows / (extent.operation.kind.content == .scores ? heads : 1))
  }

  /// What a head takes of `count` tokens, pages or clusters.
  private func selected(head: Int, of count: Int) -> Int {
    guard let selections = choice.selections else { return max(1, count / 8) }
    let tokens = selections.count(head)
    return max(1, count >= group.tokens ? tokens : tokens * count / group.tokens)
  }
}
