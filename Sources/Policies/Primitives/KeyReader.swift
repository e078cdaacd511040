import Kernels

/// Leave to read keys as they are.
///
/// Each case holds what only one file can make: the files here that turn keys into tables, and score those tables for a
/// price. A policy can make none of them, and so sees keys inside the closures of a table's maker alone.
enum KeyReader {
  case tokenTable(TokenTable.Leave)
  case pageTable(PageTable.Leave)
  case windowTable(WindowTable.Leave)
  case numbers(KeyNumbers.Leave)
  case codes(KeyCodes.Leave)
  case clusters(KeyClusters.Leave)
  case hashes(SimHash.Leave)
  case softHashes(SoftHashes.Leave)
  case patterns(SignPatterns.Leave)
  case held(HeldKeys.Leave)
  case rows(HeldRows.Leave)
  case bounds(KeyBounds.Leave)
  case calibration(GroupStatistics.Leave)
  case outside(PlainRows.Leave)
}

/// The keys of a group, a row per token.
struct KeyRows {
  private let rows: FloatBuffer
  let width: Int

  init(_ rows: FloatBuffer, width: Int) {
    self.rows = rows
    self.width = width
  }

  /// One token's key, `[width]`.
  subscript(token: Int) -> UnsafePointer<Float> { UnsafePointer(rows.pointer + token * width) }
}
