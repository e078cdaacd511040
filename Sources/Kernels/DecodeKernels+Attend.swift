import CKernels

/// Attention of one decode step in one pass over keys and values: a block's values are read right after its keys,
/// under a softmax that is corrected as larger scores appear.
extension Kernels {
  /// Attention over `runs`, the heads sharing the pass.
  ///
  ///     kernels.decodeAttend(cache, TokenRuns([0..<tokens]), queries, into: part)
  ///     kernels.decodeMerge([part], into: out)
  public func decodeAttend(
    _ cache: DecodeCache, _ runs: TokenRuns, _ queries: DecodeQueries, into part: PartialAttention
  ) {
    precondition(runs.end <= cache.tokens, "a run ends at \(runs.end), the cache at \(cache.tokens)")
    check(part, cache, queries)
    withUnsafePointer(to: cache.rows) {
      table.decode_attend_runs(
        $0, runs.runs, runs.runs.count, queries.pointer, queries.heads, queries.logits, part.partial)
    }
  }

  /// Attention over a list of tokens in any order, which the heads share.
  public func decodeAttend(
    _ cache: DecodeCache, tokens: UnsafeBufferPointer<Int32>, _ queries: DecodeQueries,
    into part: PartialAttention
  ) {
    // Not in a release build: the check would be timed.
    assert(tokens.allSatisfy { $0 >= 0 && $0 < cache.tokens }, "a listed token is not in the cache")
    check(part, cache, queries)
    withUnsafePointer(to: cache.rows) {
      table.decode_attend_tokens(
        $0, tokens.baseAddress, tokens.count, queries.pointer, queries.heads, queries.logits, part.partial)
    }
  }

  /// `out[heads][valueChannels]`: attention over the tokens of all parts together; zeros where they have none.
  public func decodeMerge(_ parts: [PartialAttention], into out: UnsafeMutablePointer<Float>) {
    guard let first = parts.first else { return }
    precondition(
      parts.allSatisfy { $0.heads == first.heads && $0.valueChannels == first.valueChannels },
      "parts of different shapes")
    withExtendedLifetime(parts) {
      table.decode_merge(parts.map(\.partial), parts.count, first.heads, first.valueChannels, out)
    }
  }

  private func check(_ part: PartialAttention, _ cache: DecodeCache, _ queries: DecodeQueries) {
    precondition(part.heads == queries.heads, "\(queries.heads) heads into a part of \(part.heads)")
    precondition(
      part.valueChannels == cache.rows.value_channels,
      "\(cache.rows.value_channels) value channels into a part of \(part.valueChannels)")
  }
}
