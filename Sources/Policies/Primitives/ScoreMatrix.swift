import Kernels

/// Scores of a block: one row per query head and step, one column per token.
///
/// Row r is query head `r / steps`, step `r % steps`. Columns outside the step's visible range are
/// undefined.
public final class ScoreMatrix {
  public let rows: Int
  /// Floats from one row to the next.
  public let stride: Int
  public let storage: FloatBuffer
  private let firstRow: Int
  private let pool: BufferPool?
  /// The matrix whose rows these are, which gives the storage back.
  private let whole: ScoreMatrix?

  public init(rows: Int, tokens: Int, pool: BufferPool? = nil) {
    self.rows = rows
    // An odd number of cache lines, so that a column's rows do not fall into one cache set.
    stride = KeyPanels.paddedTokens(tokens) + (KeyPanels.paddedTokens(tokens) % 32 == 0 ? 16 : 0)
    storage = pool?.take(rows * stride) ?? FloatBuffer(count: rows * stride)
    self.pool = pool
    firstRow = 0
    whole = nil
  }

  private init(_ rows: Range<Int>, of whole: ScoreMatrix) {
    self.rows = rows.count
    (stride, storage, pool) = (whole.stride, whole.storage, nil)
    firstRow = whole.firstRow + rows.lowerBound
    self.whole = whole
  }

  /// Some of the rows, as a matrix of their own.
  func part(_ rows: Range<Int>) -> ScoreMatrix { ScoreMatrix(rows, of: self) }

  deinit { pool?.giveBack(storage) }

  public func row(_ row: Int) -> UnsafeMutablePointer<Float> {
    storage.pointer + (firstRow + row) * stride
  }

  /// The scores of the tokens in `range`.
  public func scores(_ row: Int, _ range: Range<Int>) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: self.row(row) + range.lowerBound, count: range.count)
  }
}
