import CKernels

/// Matches of hashed tokens and queries.
extension Kernels {
  /// Tables whose matches a byte counts.
  public static let maximumTables = 255

  /// `counts[h][t]` = tables in which token t lies in the bucket of query h, the heads sharing one pass.
  ///
  /// - Parameters:
  ///   - buckets: `[tables][bucketStride]`, a bucket's number per token.
  ///   - queries: `[heads][tables]`.
  ///   - counts: rows `stride` bytes apart.
  public func decodeMatch(
    buckets: UnsafePointer<UInt16>, bucketStride: Int, tables: Int, tokens: Int,
    queries: UnsafePointer<UInt16>,
    heads: Int, into counts: UnsafeMutablePointer<UInt8>, stride: Int
  ) {
    precondition(
      (1...Self.maximumTables).contains(tables), "\(tables) tables: 1 to \(Self.maximumTables) are counted")
    precondition(bucketStride >= tokens, "rows of buckets overlap: \(bucketStride) < \(tokens)")
    precondition(heads <= 1 || stride >= tokens, "rows of counts overlap: \(stride) < \(tokens)")
    table.decode_match_buckets(buckets, bucketStride, tables, tokens, queries, heads, counts, stride)
  }

  /// Writes the tokens whose count is at least `least`, ascending.
  ///
  /// - Parameter out: room for a number per count.
  /// - Returns: how many there are.
  public func decodeCollect(
    _ counts: UnsafeBufferPointer<UInt8>, atLeast least: UInt8, into out: UnsafeMutableBufferPointer<Int32>
  ) -> Int {
    precondition(out.count >= counts.count, "room for \(out.count) of \(counts.count) tokens")
    guard let start = counts.baseAddress, let target = out.baseAddress else { return 0 }
    return table.decode_collect(start, counts.count, least, target)
  }
}
