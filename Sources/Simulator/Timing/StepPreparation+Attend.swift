import Attention
import Kernels
import Policies

/// Attention over what was chosen.
extension StepPreparation {
  /// One pass over the chosen keys and values, whichever of the extents are of keys and of values.
  func attending(_ extents: [StepExtent]) -> [TimedOperation] {
    let ofCache = extents.filter { [.keys, .values].contains($0.operation.kind.content) }
    let beside = extents.filter { !ofCache.contains($0) }
    var result = beside.map { TimedOperation(stage: .attend, bytes: $0.bytes, run: fetch($0)) }
    guard !ofCache.isEmpty else { return result }
    result.append(attention(ofCache))
    return result
  }
}

extension StepPreparation {
  private func attention(_ extents: [StepExtent]) -> TimedOperation {
    let dense = DenseAttention(kernels: kernels, scratch: scratch)
    let (group, heads) = (group, heads)
    let bytes = extents.reduce(0) { $0 + $1.bytes }
    guard let choice = choice.selections else {
      return TimedOperation(stage: .attend, bytes: bytes) {
        dense.run(group, count: group.tokens, heads: 0..<heads)
      }
    }
    let isShared = (1..<heads).allSatisfy { choice[$0] == choice[0] }
    if extents.contains(where: { $0.operation.kernel == .stream }) {
      return TimedOperation(stage: .attend, bytes: bytes) {
        if isShared { return dense.run(group, count: choice.count(0), heads: 0..<heads) }
        for head in 0..<heads {
          let count = choice.count(head)
          // Each head holds rows of its own; where they lie in the cache is all the same.
          let first = min(head * count, group.tokens - count)
          dense.run(group, first: first, count: count, heads: head..<head + 1)
        }
      }
    }
    return gather(choice, bytes: bytes)
  }

  private func gather(_ choice: Selections, bytes: Int) -> TimedOperation {
    let (group, kernels, scratch) = (group, kernels, scratch)
    let context = group.context
    return TimedOperation(stage: .attend, bytes: bytes) {
      for head in 0..<context.groupSize {
        choice.withTokens(head) { tokens in
          kernels.decodeGatherAttend(
            keys: group.keys, values: group.values, element: group.element, tokens: tokens,
            channels: context.headDim, valueChannels: context.valueDim,
            query: group.queries.pointer + head * context.headDim, scale: context.scale,
            scratch: scratch.row(0), into: scratch.output.pointer)
        }
      }
    }
  }
}
