import Attention
import CKernels

/// The kernels of one decode step of one KV group, over 16-bit keys and values, as a decoder runs
/// them. They sum in whatever order is fast: they yield times, never metrics.
extension Kernels {
  /// `scores[h][t] = queries[h] · K[t]` over token-major rows `[tokens][channels]`; the heads share one pass.
  public func decodeScore(
    rows keys: UnsafePointer<UInt16>, element: ElementType, tokens: Int, channels: Int,
    queries: UnsafePointer<Float>, heads: Int, into scores: UnsafeMutablePointer<Float>, stride: Int
  ) {
    precondition(element != .f32, "decode kernels read 16-bit rows, not f32")
    precondition(heads <= 1 || stride >= tokens, "rows overlap: \(stride) < \(tokens)")
    table.decode_score_rows(keys, element.code, tokens, channels, queries, heads, scores, stride)
  }

  /// `scores[h][i] = queries[h] · K[list[i]]` over token-major rows: only candidates are scored.
  public func decodeScore(
    rows keys: UnsafePointer<UInt16>, element: ElementType, list: UnsafeBufferPointer<Int32>, channels: Int,
    queries: UnsafePointer<Float>, heads: Int, into scores: UnsafeMutablePointer<Float>, stride: Int
  ) {
    precondition(element != .f32, "decode kernels read 16-bit rows, not f32")
    precondition(heads <= 1 || stride >= list.count, "rows of scores overlap: \(stride) < \(list.count)")
    guard let first = list.baseAddress else { return }
    table.decode_score_listed(keys, element.code, first, list.count, channels, queries, heads, scores, stride)
  }

  /// Partial scores from key planes `[channels][planeStride]`, over `channelList` only, which the heads share.
  ///
  /// - Parameters:
  ///   - planeStride: a multiple of 32, at least `tokens`.
  ///   - queries: a row of `queryStride` floats per head, indexed by the list's channels.
  ///   - scores: rows `stride` floats apart, each with room for `tokens` rounded up to 32.
  public func decodeScore(
    planes: UnsafePointer<UInt16>, planeStride: Int, element: ElementType, tokens: Int,
    queries: UnsafePointer<Float>, queryStride: Int = 0, heads: Int = 1, channelList: [Int32],
    into scores: UnsafeMutablePointer<Float>, stride: Int = 0
  ) {
    precondition(element != .f32, "decode kernels read 16-bit rows, not f32")
    precondition(
      planeStride % 32 == 0 && planeStride >= tokens,
      "planes \(planeStride) apart: a multiple of 32, at least \(tokens)")
    precondition(
      heads <= 1 || stride >= (tokens + 31) / 32 * 32,
      "rows of scores overlap: \(stride) for \(tokens) tokens")
    table.decode_score_planes(
      planes, planeStride, element.code, tokens, queries, queryStride, heads, channelList,
      channelList.count, scores, stride)
  }

  /// `out[h] = Σ weights[h][t] · V[t]` over token-major rows; the heads share one pass.
  public func decodeAttend(
    rows values: UnsafePointer<UInt16>, element: ElementType, tokens: Int, channels: Int,
    weights: UnsafePointer<Float>, stride: Int, heads: Int, into out: UnsafeMutablePointer<Float>
  ) {
    precondition(element != .f32, "decode kernels read 16-bit rows, not f32")
    precondition(heads <= 1 || stride >= tokens, "rows overlap: \(stride) < \(tokens)")
    table.decode_attend_rows(values, element.code, tokens, channels, weights, stride, heads, out)
  }
}
