import Attention

/// How a table keeps what it holds of a token, and so which kernel scores it.
struct StoredRow: Sendable, Equatable {
  let kernel: KernelKind
  let bytes: Int
  /// Of one number, or code.
  let bits: Int

  /// Numbers as wide as the cache's.
  static func vector(_ count: Int, like group: GroupContext) -> StoredRow {
    StoredRow(kernel: .vectors, bytes: count * group.element.byteCount, bits: group.elementBits)
  }

  /// Numbers rounded to `bits`; of fewer than 16 a scale and an offset of 16 bits each lie beside them.
  ///
  /// - Parameter hasScale: whether those lie beside every row, as against once beside all.
  static func rounded(_ count: Int, bits: Int, hasScale: Bool = true) -> StoredRow {
    StoredRow(
      kernel: bits < 16 ? .lowBit : .vectors, bytes: (count * bits + 7) / 8 + (bits < 16 && hasScale ? 4 : 0),
      bits: bits)
  }

  /// Numbers of centroids, one for each part of a vector.
  static func codes(_ count: Int, bits: Int) -> StoredRow {
    StoredRow(kernel: .codes, bytes: (count * bits + 7) / 8, bits: bits)
  }
}
