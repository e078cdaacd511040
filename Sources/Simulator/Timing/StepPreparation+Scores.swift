import Attention
import Kernels

/// The operations that score.
extension StepPreparation {
  /// The cache's own keys, in one pass for the heads that share it.
  func scoreKeys(_ extent: StepExtent) -> () -> Void {
    score(
      UnsafePointer(group.keys), rows: min(extent.rows, group.tokens), width: group.context.headDim, extent)
  }

  /// Vectors beside the cache, or a matrix: a product is a product.
  func scoreVectors(_ extent: StepExtent) -> () -> Void {
    let width = max(1, extent.operation.numbers)
    let rows = group.side(bytes: extent.rows * width * 2).assumingMemoryBound(to: UInt16.self)
    return score(UnsafePointer(rows), rows: extent.rows, width: width, extent)
  }

  private func score(_ keys: UnsafePointer<UInt16>, rows: Int, width: Int, _ extent: StepExtent) -> () -> Void
  {
    let (kernels, scratch, element) = (kernels, scratch, group.element)
    let shared = extent.sharing(of: heads)
    let queries = queries(width: width)
    return {
      kernels.decodeScore(
        rows: keys, element: element, tokens: rows, channels: width, queries: queries.pointer, heads: shared,
        into: scratch.row(0), stride: max(scratch.stride, rows))
    }
  }

  /// Some channels of every key or page: planes of each head's own, or of a copy of all channels.
  func scoreChannels(_ extent: StepExtent) -> () -> Void {
    let (kernels, scratch, element) = (kernels, scratch, group.element)
    // Token-major rows: a few channels of a row cost the whole row's cache lines, so that whole rows are scored.
    if extent.operation.kind.content == .keys {
      return score(UnsafePointer(group.keys), rows: group.tokens, width: group.context.headDim, extent)
    }
    let (heads, channels) = (heads, max(1, extent.operation.numbers))
    let tokens = max(1, extent.rowsOfAllHeads / heads)
    let planes = max(channels, (extent.rows * channels + tokens / 2) / tokens)
    let stride = (tokens + 31) / 32 * 32
    let memory = UnsafePointer(group.side(bytes: planes * stride * 2).assumingMemoryBound(to: UInt16.self))
    let lists = (0..<heads).map { Self.channels(channels, of: planes, head: $0, heads: heads) }
    let queries = queries(width: planes)
    // Where all heads read the same channels, they share the pass.
    if planes == channels {
      return {
        kernels.decodeScore(
          planes: memory, planeStride: stride, element: element, tokens: tokens, queries: queries.pointer,
          queryStride: planes, heads: heads, channelList: lists[0], into: scratch.row(0),
          stride: scratch.stride)
      }
    }
    return {
      for head in 0..<heads {
        kernels.decodeScore(
          planes: memory, planeStride: stride, element: element, tokens: tokens,
          queries: queries.pointer + head * planes, channelList: lists[head], into: scratch.row(head))
      }
    }
  }

  /// Which of the planes that a group reads a head reads: its own where there are so many, else spread over all of them.
  private static func channels(_ count: Int, of planes: Int, head: Int, heads: Int) -> [Int32] {
    if planes >= heads * count { return (0..<Int32(count)).map { Int32(head * count) + $0 } }
    return (0..<count).map { Int32(($0 * planes / count + head) % planes) }.sorted()
  }

  /// The group's queries, as wide as the rows that they meet.
  func queries(width: Int) -> FloatBuffer {
    let own = group.context.headDim
    if width == own { return group.queries }
    let result = FloatBuffer(count: heads * width)
    for head in 0..<heads {
      for c in 0..<width { result[head * width + c] = group.queries[head * own + c % own] }
    }
    return result
  }
}
