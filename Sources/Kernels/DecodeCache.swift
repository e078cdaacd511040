import Attention
import CKernels

/// One KV head's keys `[tokens][channels]` and values `[tokens][valueChannels]` as a decoder holds them.
public struct DecodeCache {
  let tokens: Int
  let rows: fs_cache

  /// - Parameter element: f16 or bf16.
  public init(
    keys: UnsafePointer<UInt16>, values: UnsafePointer<UInt16>, element: ElementType, tokens: Int,
    channels: Int, valueChannels: Int
  ) {
    precondition(element != .f32, "decode kernels read 16-bit rows, not f32")
    precondition(channels > 0 && valueChannels > 0, "a row has at least one channel")
    self.tokens = tokens
    rows = fs_cache(
      keys: keys, values: values, element: element.code, channels: channels, value_channels: valueChannels)
  }
}

/// Query heads that share a pass over a cache, `[heads][channels]`.
///
/// A logit is `scale` times the product with a key, or `cap * tanh(scale * product / cap)`.
public struct DecodeQueries {
  let pointer: UnsafePointer<Float>
  let heads: Int
  let logits: fs_logits

  /// - Parameters:
  ///   - scale: above zero.
  ///   - cap: above zero.
  public init(_ pointer: UnsafePointer<Float>, heads: Int, scale: Float, cap: Float? = nil) {
    precondition(heads > 0, "no query head")
    precondition(scale > 0 && (cap ?? 1) > 0, "scale and cap are above zero")
    self.pointer = pointer
    self.heads = heads
    logits = fs_logits(scale: scale, cap: cap ?? 0)
  }
}

/// Runs of tokens that lie side by side: everything, pages, or what an evictor kept.
public struct TokenRuns: Sendable {
  let runs: [fs_range]
  /// No run ends later.
  let end: Int

  /// - Parameter runs: none of them empty.
  public init(_ runs: [Range<Int>]) {
    precondition(
      runs.allSatisfy { !$0.isEmpty && $0.lowerBound >= 0 }, "a run is empty or begins before token 0")
    self.runs = runs.map { fs_range(start: $0.lowerBound, end: $0.upperBound) }
    end = runs.reduce(0) { max($0, $1.upperBound) }
  }
}

/// Softmax attention over part of the tokens: what threads that share a cache yield, and
/// ``Kernels/decodeMerge(_:into:)`` puts together.
///
/// Per head the largest logit, the sum of `exp(logit - largest)`, and the values' sum with those weights.
public final class PartialAttention {
  public let heads: Int
  public let valueChannels: Int
  private let storage: FloatBuffer

  public init(heads: Int, valueChannels: Int) {
    self.heads = heads
    self.valueChannels = valueChannels
    storage = FloatBuffer(count: heads * (2 + valueChannels))
  }

  var partial: fs_partial {
    fs_partial(maxima: storage.pointer, sums: storage.pointer + heads, out: storage.pointer + 2 * heads)
  }
}
