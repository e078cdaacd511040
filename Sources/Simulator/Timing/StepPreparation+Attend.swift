import Attention
import Kernels
import Policies

/// Attention over what was chosen.
extension StepPreparation {
  /// One pass over the chosen keys and values together; what is read beside them is fetched.
  func attending(_ extents: [StepExtent]) -> [TimedOperation] {
    let ofCache = extents.filter { [.keys, .values].contains($0.operation.kind.content) }
    let beside = extents.filter { !ofCache.contains($0) }
    var result = beside.map { TimedOperation(stage: .attend, bytes: $0.bytes, run: fetch($0)) }
    if !ofCache.isEmpty {
      let bytes = ofCache.reduce(0) { $0 + $1.bytes }
      result.append(TimedOperation(stage: .attend, bytes: bytes, run: attention(ofCache)))
    }
    return result
  }

  private func attention(_ extents: [StepExtent]) -> () -> Void {
    guard let choice = choice.selections else { return dense([0..<group.tokens], 0..<heads) }
    let isShared = (1..<heads).allSatisfy { choice[$0] == choice[0] }
    let units = isShared ? [0..<heads] : (0..<heads).map { $0..<$0 + 1 }
    if extents.contains(where: { $0.operation.kernel == .stream }) {
      return inTurn(units.map { kept(choice.count($0.lowerBound), heads: $0) })
    }
    let isPaged = extents.contains { extent in
      guard case .gather(let pieceBytes) = extent.operation.kind.pattern else { return false }
      return pieceBytes > extent.operation.rowBytes
    }
    return inTurn(
      units.map { heads in
        let tokens = Array(choice[heads.lowerBound])
        return isPaged ? dense(Self.runs(tokens), heads) : gather(tokens, heads)
      })
  }

  /// What an evicting policy kept lies side by side; each head holds rows of its own, wherever they are in the cache.
  private func kept(_ count: Int, heads: Range<Int>) -> () -> Void {
    let first = min(heads.lowerBound * count, group.tokens - count)
    return dense([first..<first + count], heads)
  }

  private func dense(_ runs: [Range<Int>], _ heads: Range<Int>) -> () -> Void {
    DenseAttention(group, runs: runs, heads: heads, kernels: kernels, scratch: scratch).run
  }

  private func gather(_ tokens: [Int32], _ heads: Range<Int>) -> () -> Void {
    let (kernels, cache, queries) = (kernels, group.cache, group.queries(of: heads))
    let part = scratch.part(heads: heads.count, valueChannels: group.context.valueDim)
    let output = scratch.output
    return {
      tokens.withUnsafeBufferPointer { kernels.decodeAttend(cache, tokens: $0, queries, into: part) }
      kernels.decodeMerge([part], into: output.pointer)
    }
  }

  /// Ascending tokens as runs of neighbours.
  private static func runs(_ tokens: [Int32]) -> [Range<Int>] {
    var result: [Range<Int>] = []
    for token in tokens.lazy.map(Int.init) {
      if let last = result.last, last.upperBound == token {
        result[result.count - 1] = last.lowerBound..<token + 1
      } else {
        result.append(token..<token + 1)
      }
    }
    return result
  }

  private func inTurn(_ parts: [() -> Void]) -> () -> Void {
    { for part in parts { part() } }
  }
}
