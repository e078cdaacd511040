import CKernels

/// Product-quantised keys: per token and subspace a code that numbers a centroid.
///
/// Tokens lie in blocks of ``blockTokens``, a block subspace by subspace: `[ceil(tokens / 32)][subspaces][16]` where
/// codes have up to four bits, byte j the code of token j and, in its upper half, of token j + 16; else
/// `[ceil(tokens / 32)][subspaces][32]`, byte j the code of token j. Absent tokens have code 0.
public struct CodeRows {
  public static let blockTokens = Int(FS_CODE_TOKENS)
  /// Subspaces whose rounded entries 16 bits sum up.
  public static let maximumSubspaces = 256

  let bytes: UnsafePointer<UInt8>
  let bits, subspaces, tokens: Int

  /// - Parameter bits: of a code, 1 to 8.
  public init(_ bytes: UnsafePointer<UInt8>, bits: Int, subspaces: Int, tokens: Int) {
    precondition((1...8).contains(bits), "codes of \(bits) bits: 1 to 8 are known")
    precondition(
      (1...Self.maximumSubspaces).contains(subspaces),
      "\(subspaces) subspaces: 1 to \(Self.maximumSubspaces) are known")
    self.bytes = bytes
    (self.bits, self.subspaces, self.tokens) = (bits, subspaces, tokens)
  }

  /// Bytes of all codes.
  public static func byteCount(bits: Int, subspaces: Int, tokens: Int) -> Int {
    (tokens + blockTokens - 1) / blockTokens * subspaces * (bits <= 4 ? blockTokens / 2 : blockTokens)
  }
}

/// What the heads' queries score with each centroid, as the kernels look it up.
public struct CodeTables: Sendable {
  let bits, subspaces, heads: Int
  /// Up to four bits: bytes, and per head the step and the base of their sums.
  public let rounded: [UInt8]
  public let steps: [Float]
  public let bases: [Float]
  /// More bits: floats of four heads side by side.
  let grouped: [Float]

  /// Bytes that a head's rounded table takes.
  public static func roundedSize(subspaces: Int) -> Int { (subspaces + 3) / 4 * 4 * 16 }
}

extension Kernels {
  /// - Parameters:
  ///   - tables: `[heads][subspaces][entries]`, 16 entries for up to four bits and 2^bits for more. Up to four bits
  ///     they are rounded to bytes, so that registers hold them.
  public func codeTables(_ tables: UnsafePointer<Float>, bits: Int, subspaces: Int, heads: Int) -> CodeTables
  {
    precondition((1...8).contains(bits), "codes of \(bits) bits: 1 to 8 are known")
    if bits <= 4 {
      var rounded = [UInt8](repeating: 0, count: heads * CodeTables.roundedSize(subspaces: subspaces))
      var (steps, bases) = ([Float](repeating: 0, count: heads), [Float](repeating: 0, count: heads))
      table.decode_round_tables(tables, subspaces, heads, &rounded, &steps, &bases)
      return CodeTables(
        bits: bits, subspaces: subspaces, heads: heads, rounded: rounded, steps: steps, bases: bases,
        grouped: [])
    }
    var grouped = [Float](repeating: 0, count: (heads + 3) / 4 * 4 * subspaces << bits)
    table.decode_group_tables(tables, subspaces, 1 << bits, heads, &grouped)
    return CodeTables(
      bits: bits, subspaces: subspaces, heads: heads, rounded: [], steps: [], bases: [], grouped: grouped)
  }

  /// `scores[h][t]` = the sum over subspaces of head h's entry for token t's code, the heads sharing one pass.
  public func decodeScore(
    _ codes: CodeRows, tables: CodeTables, into scores: UnsafeMutablePointer<Float>, stride: Int
  ) {
    precondition(
      codes.bits == tables.bits && codes.subspaces == tables.subspaces,
      "codes of \(codes.bits) bits in \(codes.subspaces) subspaces, tables of \(tables.bits) in \(tables.subspaces)"
    )
    precondition(
      tables.heads <= 1 || stride >= codes.tokens, "rows of scores overlap: \(stride) < \(codes.tokens)")
    if codes.bits <= 4 {
      table.decode_score_nibbles(
        codes.bytes, codes.subspaces, codes.tokens, tables.rounded, tables.steps, tables.bases, tables.heads,
        scores, stride)
    } else {
      table.decode_score_bytes(
        codes.bytes, codes.subspaces, 1 << codes.bits, codes.tokens, tables.grouped, tables.heads, scores,
        stride)
    }
  }
}
