import Attention
import Kernels

/// What the kernels of a step write to, for all groups of a thread: it stays in the caches, as a decoder's own does.
final class StepScratch {
  let topK = TopKScratch()
  private(set) var scores = FloatBuffer(count: 0)
  /// Floats from one head's scores to the next.
  private(set) var stride = 0
  private(set) var output = FloatBuffer(count: 0)
  private var chosen = FloatBuffer(count: 0)
  private var members = FloatBuffer(count: 0)
  private var parts: [PartialAttention] = []

  /// Grows to what a group and the operations of a step need.
  func makeRoom(for extents: [StepExtent], _ group: ColdGroup) {
    let heads = group.context.groupSize
    let rows = extents.map { $0.operation.stage == .attend ? 0 : $0.rowsOfAllHeads }.max() ?? 0
    let tokens = (max(group.tokens, rows) + 31) / 32 * 32 + 32
    stride = max(stride, tokens)
    if scores.count < heads * stride { scores = FloatBuffer(count: heads * stride) }
    let outputs = heads * max(group.context.valueDim, group.context.headDim) + 64
    if output.count < outputs { output = FloatBuffer(count: outputs) }
    if chosen.count < stride { chosen = FloatBuffer(count: stride) }
    if members.count < stride { members = FloatBuffer(count: stride) }
  }

  /// Room for token numbers.
  var list: UnsafeMutablePointer<Int32> {
    UnsafeMutableRawPointer(chosen.pointer).assumingMemoryBound(to: Int32.self)
  }

  /// A count per token.
  var counts: UnsafeMutablePointer<UInt8> {
    UnsafeMutableRawPointer(members.pointer).assumingMemoryBound(to: UInt8.self)
  }

  /// What an attention yields before it is divided, by its shape.
  func part(heads: Int, valueChannels: Int) -> PartialAttention {
    if let known = parts.first(where: { $0.heads == heads && $0.valueChannels == valueChannels }) {
      return known
    }
    let made = PartialAttention(heads: heads, valueChannels: valueChannels)
    parts.append(made)
    return made
  }

  func row(_ head: Int) -> UnsafeMutablePointer<Float> { scores.pointer + head * stride }

  func row(_ head: Int, count: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: row(head), count: count)
  }
}
