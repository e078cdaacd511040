import Attention
import Kernels

/// The operations that choose.
extension StepPreparation {
  /// The best of each head's scores, or of the sums over the group's heads.
  func select(_ extent: StepExtent) -> () -> Void {
    let (kernels, scratch) = (kernels, scratch)
    let isShared = choice.choosesPerGroup
    let count = max(1, extent.rows / (extent.operation.kind.content == .scores ? heads : 1))
    let chosen = (0..<(isShared ? 1 : heads)).map { min(count, selected(head: $0, of: count)) }
    let heads = heads
    return {
      if isShared, heads > 1 {
        for head in 1..<heads {
          let (sum, row) = (scratch.row(0), scratch.row(head))
          for index in 0..<count { sum[index] += row[index] }
        }
      }
      for (head, k) in chosen.enumerated() {
        kernels.topK(scratch.row(head, count: count), k: k, into: scratch.list, scratch: scratch.topK)
      }
    }
  }

  /// What a head takes of `count` tokens, pages or clusters.
  private func selected(head: Int, of count: Int) -> Int {
    guard let selections = choice.selections else { return max(1, count / 8) }
    let tokens = selections.count(head)
    return max(1, count >= group.tokens ? tokens : tokens * count / group.tokens)
  }
}
