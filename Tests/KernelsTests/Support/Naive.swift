import Attention

@testable import Kernels

/// The documented order of operations, one scalar at a time: what every instruction set must equal
/// bit for bit, and therefore each other.
enum Naive {
  /// The value of a 16-bit pattern by its definition: sign, exponent, significand.
  static func widen(_ pattern: UInt16, _ element: ElementType) -> Float {
    let (fraction, bias) = element == .f16 ? (10, 15) : (7, 127)
    let sign: FloatingPointSign = pattern >> 15 == 0 ? .plus : .minus
    let exponent = Int(pattern & 0x7fff) >> fraction
    let significand = Int(pattern) & ((1 << fraction) - 1)
    if exponent == 2 * bias + 1 {
      let magnitude: Float = significand == 0 ? .infinity : .nan
      return sign == .minus ? -magnitude : magnitude
    }
    let digits = exponent == 0 ? significand : significand + 1 << fraction
    let power = max(exponent, 1) - bias - fraction
    return Float(
      sign: sign, exponent: 0,
      significand: Float(Double(digits) * Double(sign: .plus, exponent: power, significand: 1)))
  }

  /// exp by Cody-Waite reduction and Horner's rule, as exact.inc says.
  static func exp(_ x: Float) -> Float {
    if x < -87.3 { return 0 }
    let magic: Float = 12_582_912
    let shifted = magic.addingProduct(x, 1.442_695_04)
    let n = shifted - magic
    let r = x.addingProduct(n, -0.693359375).addingProduct(n, 2.121_944_4e-4)
    var p: Float = 1.987_569_15e-4
    for coefficient: Float in [1.398_199_950_7e-3, 8.333_451_907_3e-3, 4.166_579_589_4e-2] {
      p = coefficient.addingProduct(p, r)
    }
    p = Float(1.666_666_545_9e-1).addingProduct(p, r)
    p = Float(5.000_000_120_1e-1).addingProduct(p, r)
    p = (r + 1).addingProduct(p, r * r)
    return Float(bitPattern: p.bitPattern &+ shifted.bitPattern << 23)
  }

  static func softcap(_ value: Float, scale: Float, cap: Float) -> Float {
    let x = value * scale / cap
    let e = exp(-2 * x.magnitude)
    let t = (1 - e) / (1 + e)
    return cap * (x < 0 ? -t : t)
  }

  /// The `k` largest, lower positions first among equals, ascending.
  static func topK(_ values: [Float], _ k: Int) -> [Int32] {
    let order = values.indices.sorted { values[$0] != values[$1] ? values[$0] > values[$1] : $0 < $1 }
    return order.prefix(k).sorted().map(Int32.init)
  }
}
