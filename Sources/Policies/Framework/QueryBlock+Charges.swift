import Attention

/// The operations that many policies have in common.
extension QueryBlock {
  /// A 32-bit score of every query head and visible token.
  private var scoreBytes: Int { visibleTokens * 4 * group.groupSize }

  /// All rows of the visible keys, read in a pass for the group.
  func chargeKeys() {
    let bytes = visibleTokens * group.keyRowBytes
    charge(
      DecodeOperation(.score, .rows, .keys, rowBytes: group.keyRowBytes, bits: group.elementBits),
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
}
