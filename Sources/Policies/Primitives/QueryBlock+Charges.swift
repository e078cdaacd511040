import Attention

/// The operations that many policies have in common.
extension QueryBlock {
  /// A 32-bit score of every query head and visible token.
  private var scoreBytes: Int { visibleTokens * 4 * group.groupSize }

  /// Rows of `count` keys over all steps, read in a pass for the group.
  func chargeKeys(_ count: Int) {
    let bytes = count * group.cachedKeyBytes
    charge(
      DecodeOperation(.score, .rows, .keys, rowBytes: group.cachedKeyBytes, bits: group.cacheBits),
      readPerHead: bytes * group.groupSize, readGroupUnion: bytes)
  }

  /// A score of every query head and visible token, written by a kernel for the next.
  func chargeScores(writtenBy kernel: KernelKind) { charge(.scores(.score, by: kernel), written: scoreBytes) }

  /// The same read back.
  func chargeScores(readBy kernel: KernelKind) {
    charge(.scores(.select, by: kernel), readPerHead: scoreBytes, readGroupUnion: scoreBytes)
  }

  /// Scores of something else, `count` over all steps and query heads: written by one kernel and read by another.
  func chargeScores(_ count: Int, writtenBy first: KernelKind, readBy second: KernelKind) {
    charge(.scores(.score, by: first), written: count * 4)
    charge(.scores(.select, by: second), readPerHead: count * 4, readGroupUnion: count * 4)
  }

  /// What every step writes beside the cache for its new token: `rowBytes` that lie side by side, `pieces` times.
  func chargeAppend(rowBytes: Int, pieces: Int = 1) {
    charge(
      DecodeOperation(.upkeep, .append, .metadata, rowBytes: rowBytes),
      written: steps.count * pieces * rowBytes)
  }

  /// A matrix that every step reads whole, to turn its queries and its new token's key.
  ///
  /// - Parameters:
  ///   - rows: of it, each as wide as a key.
  ///   - isShared: whether the heads of the group read one.
  func chargeMatrix(rows: Int, isShared: Bool = true) {
    let read = steps.count * rows * group.keyRowBytes
    charge(
      DecodeOperation(.score, .matrix, .metadata, rowBytes: group.keyRowBytes, bits: group.elementBits),
      readPerHead: read * group.groupSize, readGroupUnion: isShared ? read : read * group.groupSize)
  }

  /// A row of an operation, read for some tokens of each query head at some steps, or once for their union.
  func chargeGather(_ operation: DecodeOperation, _ tokens: Selections, at steps: [Int]) {
    let chosen = steps.map { step in
      (0..<group.groupSize).map { tokens[row(head: $0, step: step)] }
    }
    charge(
      operation, readPerHead: chosen.joined().reduce(0) { $0 + $1.count } * operation.rowBytes,
      readGroupUnion: chosen.reduce(0) { $0 + Set($1.joined()).count } * operation.rowBytes)
  }

  /// Bytes of a number per kept token, 32-bit by default, read and written at every step.
  func chargeState(_ selections: Selections, perGroup: Bool, bytesPerToken: Int = 4) {
    let heads = perGroup ? 1 : group.groupSize
    let bytes = (0..<heads * steps.count).reduce(0) { $0 + selections.count($1) } * bytesPerToken
    charge(
      DecodeOperation(.upkeep, .accumulate, .state, rowBytes: 4, bits: 32), readPerHead: bytes,
      readGroupUnion: bytes, written: bytes)
  }
}
