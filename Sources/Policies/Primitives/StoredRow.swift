import Attention

/// How a table keeps what it holds of a token, and so which kernel scores it.
struct StoredRow: Sendable, Equatable {
  let kernel: KernelKind
  let bytes: Int
  /// Of one number, or code.
  let bits: Int
  let numbers: Int

  private init(_ kernel: KernelKind, bytes: Int, bits: Int, numbers: Int) {
    self.kernel = kernel
    self.bytes = bytes
    self.bits = bits
    self.numbers = numbers
  }

  /// What scores such rows.
  func scoring(_ pattern: AccessPattern = .stream) -> DecodeOperation {
    DecodeOperation(
      .score, kernel, .metadata, rowBytes: bytes, bits: bits, numbers: numbers, pattern: pattern)
  }

  /// Numbers as wide as the cache's.
  static func vector(_ count: Int, like group: GroupContext) -> StoredRow {
    StoredRow(
      .vectors, bytes: count * group.element.byteCount, bits: group.elementBits, numbers: count)
  }

  /// Numbers rounded to `bits`; of fewer than 16 a scale and an offset of 16 bits each lie beside them.
  ///
  /// - Parameter hasScale: whether those lie beside every row, as against once beside all.
  static func rounded(_ count: Int, bits: Int, hasScale: Bool = true) -> StoredRow {
    StoredRow(
      bits < 16 ? .lowBit : .vectors, bytes: (count * bits + 7) / 8 + (bits < 16 && hasScale ? 4 : 0),
      bits: bits, numbers: count)
  }

  /// Numbers of few bits with so many bytes of scales of their own beside every row.
  static func scaled(_ count: Int, bits: Int, beside scales: Int) -> StoredRow {
    StoredRow(.lowBit, bytes: (count * bits + 7) / 8 + scales, bits: bits, numbers: count)
  }

  /// Numbers of centroids, one for each part of a vector.
  ///
  /// - Parameter others: bytes that lie beside every row.
  static func codes(_ count: Int, bits: Int, beside others: Int = 0) -> StoredRow {
    StoredRow(.codes, bytes: (count * bits + 7) / 8 + others, bits: bits, numbers: count)
  }
}
