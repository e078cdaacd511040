import Attention
import Kernels
import Policies
import Traces

/// One KV group's cache in 16-bit rows, as a decoder holds it, with the queries of one step.
final class ColdGroup {
  let context: GroupContext
  /// f16 or bf16; a trace of f32 is narrowed to bf16, since only the time is taken.
  let element: ElementType
  /// Tokens that the step sees.
  let tokens: Int
  /// `[tokens][headDim]` and `[tokens][valueDim]`, two halves to a float.
  private let keyStorage: FloatBuffer
  private let valueStorage: FloatBuffer
  /// `[group heads][headDim]`
  let queries: FloatBuffer

  init(
    context: GroupContext, tensors: LayerTensors, totalTokens: Int, visible: Range<Int>, queries: FloatBuffer
  ) {
    self.context = context
    self.queries = queries
    tokens = visible.count
    element = context.element == .f32 ? .bf16 : context.element
    keyStorage = Self.halves(
      of: tensors.k, head: context.kvHead, totalTokens: totalTokens, visible: visible,
      channels: context.headDim)
    valueStorage = Self.halves(
      of: tensors.v, head: context.kvHead, totalTokens: totalTokens, visible: visible,
      channels: context.valueDim)
  }

  /// The same cache at another address.
  init(copying other: ColdGroup) {
    context = other.context
    element = other.element
    tokens = other.tokens
    queries = other.queries
    keyStorage = other.keyStorage.copy()
    valueStorage = other.valueStorage.copy()
  }

  /// What a policy keeps beside the cache: a piece of memory for each of its operations.
  private var sides: [FloatBuffer] = []
  private var sidesInUse = 0

  /// The next policy's operations begin.
  func clearSides() { sidesInUse = 0 }

  /// Memory for the next operation, with numbers in it that are moderate as 16-bit numbers of either kind, and as any code.
  func side(bytes: Int) -> UnsafeMutableRawPointer {
    // Kernels ask for what lies ahead, and read whole vectors.
    let floats = (bytes + 4096) / 4
    if sidesInUse == sides.count { sides.append(FloatBuffer(count: 0)) }
    if sides[sidesInUse].count < floats { sides[sidesInUse] = .moderate(count: floats, seed: sidesInUse) }
    sidesInUse += 1
    return UnsafeMutableRawPointer(sides[sidesInUse - 1].pointer)
  }

  var keys: UnsafeMutablePointer<UInt16> { keyStorage.halves }
  var values: UnsafeMutablePointer<UInt16> { valueStorage.halves }
  /// As the kernels of attention read it.
  var cache: DecodeCache {
    DecodeCache(
      keys: keys, values: values, element: element, tokens: tokens, channels: context.headDim,
      valueChannels: context.valueDim)
  }

  func queries(of heads: Range<Int>) -> DecodeQueries {
    DecodeQueries(
      queries.pointer + heads.lowerBound * context.headDim, heads: heads.count, scale: context.scale,
      cap: context.logitSoftcap)
  }

  var bytes: Int { tokens * (context.headDim + context.valueDim) * 2 }

  private static func halves(
    of tensor: Tensor, head: Int, totalTokens: Int, visible: Range<Int>, channels: Int
  ) -> FloatBuffer {
    let count = visible.count * channels
    let result = FloatBuffer(count: (count + 1) / 2)
    let first = (head * totalTokens + visible.lowerBound) * channels
    tensor.withUnsafeBytes { bytes in
      if tensor.elementType == .f32 {
        let words = bytes.bindMemory(to: UInt32.self)
        for i in 0..<count { result.halves[i] = UInt16(truncatingIfNeeded: words[first + i] >> 16) }
      } else {
        let source = UnsafeRawBufferPointer(rebasing: bytes[first * 2..<(first + count) * 2])
        UnsafeMutableRawBufferPointer(start: result.halves, count: count * 2).copyMemory(from: source)
      }
    }
    return result
  }
}

extension FloatBuffer {
  /// The same memory as 16-bit words.
  var halves: UnsafeMutablePointer<UInt16> {
    UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt16.self)
  }

  /// 16-bit numbers of either kind between 2⁻³¹ and 2 in size, the same block again and again.
  static func moderate(count: Int, seed: Int) -> FloatBuffer {
    let result = FloatBuffer(count: count)
    var generator = SplitMix64(seed: UInt64(seed))
    let block = min(count, 16_384)
    for i in 0..<2 * block {
      let word = generator.next()
      result.halves[i] = UInt16(truncatingIfNeeded: word & 0x8fff | 0x3000)
    }
    for start in stride(from: block, to: count, by: max(block, 1)) {
      (result.pointer + start).update(from: result.pointer, count: min(block, count - start))
    }
    return result
  }

  func copy() -> FloatBuffer {
    let result = FloatBuffer(count: count)
    result.pointer.update(from: pointer, count: count)
    return result
  }
}
