import CKernels

/// The kernels of one decode step of one KV group, over 16-bit keys and values, as a decoder runs
/// them. They sum in whatever order is fast: they yield times, never metrics.
extension Kernels {
  /// `scores[h][t] = queries[h] · K[t]` over token-major rows `[tokens][channels]`; the heads share one pass.
  public func decodeScore(
    rows keys: UnsafePointer<UInt16>, element: Element, tokens: Int, channels: Int,
    queries: UnsafePointer<Float>, heads: Int, into scores: UnsafeMutablePointer<Float>, stride: Int
  ) {
    precondition(element != .f32 && stride >= tokens)
    table.decode_score_rows(keys, element.code, tokens, channels, queries, heads, scores, stride)
  }

  /// One head's partial score from key planes `[channels][planeStride]`, over `channelList` only.
  ///
  /// - Parameters:
  ///   - planeStride: tokens rounded up to 32.
  ///   - scores: as long as `planeStride`.
  public func decodeScore(
    planes: UnsafePointer<UInt16>, planeStride: Int, element: Element, tokens: Int,
    query: UnsafePointer<Float>, channelList: [Int32], into scores: UnsafeMutablePointer<Float>
  ) {
    precondition(element != .f32 && planeStride % 32 == 0 && planeStride >= tokens)
    table.decode_score_planes(
      planes, planeStride, element.code, tokens, query, channelList, channelList.count, scores)
  }

  /// `out[h] = Σ weights[h][t] · V[t]` over token-major rows; the heads share one pass.
  public func decodeAttend(
    rows values: UnsafePointer<UInt16>, element: Element, tokens: Int, channels: Int,
    weights: UnsafePointer<Float>, stride: Int, heads: Int, into out: UnsafeMutablePointer<Float>
  ) {
    precondition(element != .f32 && stride >= tokens)
    table.decode_attend_rows(values, element.code, tokens, channels, weights, stride, heads, out)
  }

  /// Exact attention of one query over the listed tokens: `out[valueChannels]`. `scratch` holds a float per token.
  public func decodeGatherAttend(
    keys: UnsafePointer<UInt16>, values: UnsafePointer<UInt16>, element: Element,
    tokens: UnsafeBufferPointer<Int32>, channels: Int, valueChannels: Int, query: UnsafePointer<Float>,
    scale: Float, scratch: UnsafeMutablePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) {
    precondition(element != .f32)
    guard let list = tokens.baseAddress, tokens.count > 0 else { return }
    table.decode_gather_attend(
      keys, values, element.code, list, tokens.count, channels, valueChannels, query, scale, scratch, out)
  }

  /// Reads all of `bytes` (a multiple of 256) once and returns a value that depends on it.
  public func readAll(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    precondition(bytes.count % 256 == 0)
    guard let start = bytes.baseAddress else { return 0 }
    return table.read_all(start, bytes.count)
  }
}
