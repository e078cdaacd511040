import CKernels

/// Rows of 8-, 4- or 2-bit codes, each with its scale and offset: a value is `offset + scale * code`.
///
/// A row is n = width × bits / 8 bytes of codes, of which byte j holds the codes of channels j, n + j, 2n + j… from
/// its lowest bits up, and then scale and offset in f16.
public struct LowBitRows {
  let bytes: UnsafePointer<UInt8>
  let bits, width, count: Int

  /// - Parameters:
  ///   - bits: 2, 4 or 8.
  ///   - width: channels, so many that their codes fill whole bytes.
  public init(_ bytes: UnsafePointer<UInt8>, bits: Int, width: Int, count: Int) {
    precondition([2, 4, 8].contains(bits), "codes of \(bits) bits: 2, 4 and 8 are known")
    precondition(width > 0 && width * bits % 8 == 0, "\(width) codes of \(bits) bits are no whole bytes")
    precondition(width <= Kernels.maximumChannels, "\(width) channels, \(Kernels.maximumChannels) at most")
    self.bytes = bytes
    (self.bits, self.width, self.count) = (bits, width, count)
  }

  /// Bytes of a row.
  public static func rowBytes(width: Int, bits: Int) -> Int { width * bits / 8 + 4 }
}

/// Queries `[heads][width]` rounded to 8 bits: `scales[head] * codes` is within half a step of them.
public struct RoundedQueries: Sendable {
  /// Heads that kernels hold at most: their queries lie on the stack.
  public static let maximumHeads = 64

  public let width: Int
  public let codes: [Int8]
  public let scales: [Float]
  /// Of a head's rounded query.
  let sums: [Float]

  public var heads: Int { scales.count }
}

extension Kernels {
  /// Rounds queries `[heads][width]` to 8 bits.
  public func roundQueries(_ queries: UnsafePointer<Float>, width: Int, heads: Int) -> RoundedQueries {
    precondition(
      heads <= RoundedQueries.maximumHeads, "\(heads) heads, \(RoundedQueries.maximumHeads) at most")
    var codes = [Int8](repeating: 0, count: heads * width)
    var (scales, sums) = ([Float](repeating: 0, count: heads), [Float](repeating: 0, count: heads))
    table.decode_round_queries(queries, width, heads, &codes, &scales, &sums)
    return RoundedQueries(width: width, codes: codes, scales: scales, sums: sums)
  }

  /// `scores[h][t]` = rounded query h · row t, the heads sharing one pass.
  public func decodeScore(
    _ rows: LowBitRows, queries: RoundedQueries, into scores: UnsafeMutablePointer<Float>, stride: Int
  ) {
    score(rows, list: nil, count: rows.count, queries, into: scores, stride: stride)
  }

  /// `scores[h][i]` = rounded query h · row `list[i]`.
  public func decodeScore(
    _ rows: LowBitRows, list: UnsafeBufferPointer<Int32>, queries: RoundedQueries,
    into scores: UnsafeMutablePointer<Float>, stride: Int
  ) {
    // Not in a release build: the check would be timed.
    assert(list.allSatisfy { $0 >= 0 && $0 < rows.count }, "a listed row is not among \(rows.count)")
    guard let first = list.baseAddress else { return }
    score(rows, list: first, count: list.count, queries, into: scores, stride: stride)
  }

  private func score(
    _ rows: LowBitRows, list: UnsafePointer<Int32>?, count: Int, _ queries: RoundedQueries,
    into scores: UnsafeMutablePointer<Float>, stride: Int
  ) {
    precondition(queries.width == rows.width, "queries of \(queries.width) channels, rows of \(rows.width)")
    precondition(queries.heads <= 1 || stride >= count, "rows of scores overlap: \(stride) < \(count)")
    table.decode_score_lowbit(
      rows.bytes, rows.bits, rows.width, list, count, queries.codes, queries.scales, queries.sums,
      queries.heads, scores, stride)
  }
}
