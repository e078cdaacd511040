import CKernels

/// What stands between scores and chosen tokens, beside the exact top-k.
extension Kernels {
  /// `out[t] = Σ rows[h][t]`: one choice for all heads of a group.
  public func decodeSum(
    rows: UnsafePointer<Float>, stride: Int, heads: Int, tokens: Int, into out: UnsafeMutablePointer<Float>
  ) {
    precondition(heads <= 1 || stride >= tokens, "rows overlap: \(stride) < \(tokens)")
    table.decode_sum_rows(rows, stride, heads, tokens, out)
  }

  /// `state[t] += Σ rows[h][t]`: what evictors keep of the attention that a token had.
  public func decodeAccumulate(
    rows: UnsafePointer<Float>, stride: Int, heads: Int, tokens: Int, into state: UnsafeMutablePointer<Float>
  ) {
    precondition(heads <= 1 || stride >= tokens, "rows overlap: \(stride) < \(tokens)")
    table.decode_accumulate(rows, stride, heads, tokens, state)
  }

  /// Writes the tokens whose score is at least `least`, ascending.
  ///
  /// - Parameter out: room for a number per score.
  /// - Returns: how many there are.
  public func decodeAbove(
    _ scores: UnsafeBufferPointer<Float>, least: Float, into out: UnsafeMutableBufferPointer<Int32>
  ) -> Int {
    precondition(out.count >= scores.count, "room for \(out.count) of \(scores.count) tokens")
    guard let start = scores.baseAddress, let target = out.baseAddress else { return 0 }
    return table.decode_above(start, scores.count, least, target)
  }

  /// Floats of scratch that ``decodeTopP(_:scale:share:into:scratch:)`` needs.
  public static func topPScratch(tokens: Int) -> Int { 2 * tokens + 2 * Int(FS_PANEL) }

  /// Writes the fewest tokens of largest weight `exp(scale * score)` that have `share` of all weight, equal weights
  /// together, ascending: Twilight's top-p (arXiv:2502.02770).
  ///
  /// - Parameters:
  ///   - share: above 0, at most 1.
  ///   - out: room for a number per score.
  /// - Returns: how many there are.
  /// - Complexity: O(count): a softmax, and passes over ever fewer weights that are undecided.
  public func decodeTopP(
    _ scores: UnsafeBufferPointer<Float>, scale: Float, share: Float,
    into out: UnsafeMutableBufferPointer<Int32>, scratch: FloatBuffer
  ) -> Int {
    precondition(share > 0 && share <= 1, "a share of \(share): above 0, at most 1")
    precondition(scale > 0, "a scale of \(scale): above 0")
    precondition(out.count >= scores.count, "room for \(out.count) of \(scores.count) tokens")
    precondition(
      scratch.count >= Self.topPScratch(tokens: scores.count),
      "scratch of \(scratch.count) floats for \(Self.topPScratch(tokens: scores.count))")
    guard let start = scores.baseAddress, let target = out.baseAddress, scores.count > 0 else { return 0 }
    return table.decode_top_p(start, scores.count, scale, share, target, scratch.pointer)
  }
}
