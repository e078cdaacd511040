/// KIVI's asymmetric codes (arXiv 2402.02750): keys by channel over 32 tokens, values by token over 32 channels, lowest
/// value and step in 16 bits each; what is newest stays exact.
enum KIVI {
  static let group = 32
  /// Tokens that stay exact: of keys up to so many, which are then rounded together; of values always the last.
  static let residual = 128

  /// Rounds `group` values that lie `stride` apart.
  static func round(_ values: UnsafeMutablePointer<Float>, stride: Int, bits: Int) {
    var (low, high) = (values[0], values[0])
    for i in 1..<group {
      low = min(low, values[i * stride])
      high = max(high, values[i * stride])
    }
    let top = Float((1 << bits) - 1)
    let (step, floor) = (half((high - low) / top), half(low))
    // The authors divide by a step of 0; equal values are their lowest.
    guard step > 0 else {
      for i in 0..<group { values[i * stride] = floor }
      return
    }
    for i in 0..<group {
      let code = min(top, max(0, (values[i * stride] - floor) / step)).rounded(.toNearestOrEven)
      values[i * stride] = code * step + floor
    }
  }

  /// Tokens whose keys are rounded when a step attends to `tokens`, its own among them: a block is rounded after the step
  /// that completes it.
  static func roundedKeys(of tokens: Int) -> Int { max(0, tokens - 1) / residual * residual }

  /// The same of values, of which each step rounds the oldest after it has attended.
  static func roundedValues(of tokens: Int) -> Int { max(0, tokens - 1 - residual) }

  private static func half(_ value: Float) -> Float { HalfPrecision.float(f16: HalfPrecision.f16(value)) }
}
