import Attention
import Kernels

/// The operations that write, and those that bring what lies elsewhere.
extension StepPreparation {
  /// What a new token writes: its pieces lie a row of all tokens apart where they are single numbers, as planes of channels
  /// are, or side by side.
  func append(_ extent: StepExtent) -> () -> Void {
    let piece = max(1, extent.operation.rowBytes)
    let pieces = max(1, extent.writtenBytes / piece)
    let stride = piece <= 4 ? (group.tokens * piece + 63) / 64 * 64 : piece
    let memory = group.side(bytes: pieces * stride)
    let source = group.side(bytes: pieces * piece)
    let last = piece <= 4 ? (group.tokens - 1) * piece : 0
    return {
      for index in 0..<pieces {
        (memory + index * stride + last).copyMemory(from: source + index * piece, byteCount: piece)
      }
    }
  }

  /// A number for each token held, to which its attention is added.
  func accumulate(_ extent: StepExtent) -> () -> Void {
    let count = max(1, extent.writtenBytes / 4)
    let state = group.side(bytes: count * 4).assumingMemoryBound(to: Float.self)
    let (kernels, scratch) = (kernels, scratch)
    let part = min(count, scratch.stride)
    return {
      for start in Swift.stride(from: 0, to: count, by: part) {
        kernels.decodeAccumulate(
          rows: scratch.row(0), stride: scratch.stride, heads: 1, tokens: min(part, count - start),
          into: state + start)
      }
    }
  }

  /// Token numbers, read or written.
  func copy(_ extent: StepExtent) -> () -> Void {
    let bytes = max(extent.rows * extent.operation.rowBytes, extent.writtenBytes)
    let list = group.side(bytes: bytes)
    let isRead = extent.rows > 0
    let scratch = scratch
    let part = min(bytes, scratch.stride * 4)
    return {
      let own = UnsafeMutableRawPointer(scratch.list)
      for start in Swift.stride(from: 0, to: bytes, by: part) {
        let count = min(part, bytes - start)
        isRead
          ? own.copyMemory(from: list + start, byteCount: count)
          : (list + start).copyMemory(from: own, byteCount: count)
      }
    }
  }

  /// Rows that are brought to where they are attended to, from places spread over a memory eight times as large.
  func fetch(_ extent: StepExtent) -> () -> Void {
    let (rows, piece) = (extent.rows, extent.operation.rowBytes)
    guard rows > 0 else { return {} }
    let source = group.side(bytes: 8 * rows * piece)
    let target = group.side(bytes: rows * piece)
    return {
      for row in 0..<rows {
        (target + row * piece).copyMemory(from: source + (row * 8 + row % 8) * piece, byteCount: piece)
      }
    }
  }
}
