import Attention
import Kernels

/// Numbers to compute with: what they are does not matter, but that they are neither zero nor equal.
enum BenchmarkNumbers {
  /// About N(0, 1).
  static func normal(_ count: Int) -> FloatBuffer {
    let result = FloatBuffer(count: count)
    var state: UInt64 = 1
    for i in 0..<count {
      let bits = next(&state)
      let sum = (0..<4).reduce(0) { $0 + Int(bits >> (16 * UInt64($1)) & 0xFFFF) }
      result.pointer[i] = (Float(sum) - 131_070) / 37_837
    }
    return result
  }

  /// 16-bit values between 0.0625 and 1, two to a float of the buffer: a mebibyte of noise, again and again.
  static func halves(_ count: Int, element: ElementType) -> FloatBuffer {
    let result = FloatBuffer(count: (count + 1) / 2)
    let words = UnsafeMutableRawPointer(result.pointer).assumingMemoryBound(to: UInt16.self)
    let made = min(count, 1 << 19)
    var state: UInt64 = 2
    for i in stride(from: 0, to: made, by: 4) {
      let bits = next(&state)
      for j in i..<min(i + 4, made) {
        let noise = UInt16(truncatingIfNeeded: bits >> (16 * UInt64(j - i)))
        words[j] = element == .bf16 ? 0x3E00 | noise & 0x7F : 0x3000 + (noise & 0x0BFF)
      }
    }
    for start in stride(from: made, to: count, by: max(made, 1)) {
      (words + start).update(from: words, count: min(made, count - start))
    }
    return result
  }

  /// `count` ascending tokens below `tokens`, spread at random.
  static func chosen(_ count: Int, of tokens: Int, seed: UInt64) -> [Int32] {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    var left = count
    return (0..<tokens).compactMap { token in
      // Each of the tokens left is as likely as another.
      guard Int(next(&state) >> 32) % (tokens - token) < left else { return nil }
      left -= 1
      return Int32(token)
    }
  }

  private static func next(_ state: inout UInt64) -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
