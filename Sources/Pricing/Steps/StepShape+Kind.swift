import Attention

extension StepShape {
  /// Whose measured kernels a price of this policy stands on.
  public var priceKind: PriceKind {
    let reads = entries.filter { $0.readPerHead > 0 && $0.operation.stage != .upkeep }
    if reads.contains(where: { $0.isOnHost || $0.isUnmeasured }) { return .others }
    guard chooses else { return .dense }
    let isOfPages = reads.contains { $0.isAttending && $0.pieceRows > 1 }
    return isOfPages ? .pages : .tokens
  }

  /// Whether the heads of a group choose together and by no key of their own: all that a cache of rows that every head
  /// shares can serve.
  public var isOfWholeRows: Bool {
    entries.allSatisfy { entry in
      guard entry.readPerHead > 0, entry.operation.stage != .upkeep else { return true }
      if entry.isAttending { return entry.readPerHead > 0.999 * groupSize * entry.readGroupUnion }
      return ![.rows, .channels].contains(entry.operation.kernel) && entry.operation.kind.content != .keys
    }
  }

  /// Whether a step scores and chooses, rather than attending to all that is kept.
  var chooses: Bool {
    gathers
      || entries.contains {
        $0.readPerHead > 0
          && ($0.isScores
            || $0.operation.kind.content == .metadata && $0.operation.stage != .upkeep)
      }
  }
}

extension StepShape.Entry {
  /// No table has the times of kernels that go over codes, buckets or numbers of few bits.
  fileprivate var isUnmeasured: Bool { [.lowBit, .codes, .buckets].contains(operation.kernel) }

  /// Rows of the cache that lie side by side in a scattered piece.
  fileprivate var pieceRows: Int {
    guard case .gather(let bytes) = operation.kind.pattern, operation.rowBytes > 0 else { return 0 }
    return bytes / operation.rowBytes
  }
}
