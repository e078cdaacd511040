/// A floating-point number of few bits: which values there are.
struct SmallFloat {
  let mantissaBits: Int
  /// Of the smallest normal number.
  let leastExponent: Int
  let largest: Float

  /// One sign, four exponent and three mantissa bits, without infinities ("e4m3fn" of the Open Compute Project).
  static let e4m3 = SmallFloat(mantissaBits: 3, leastExponent: -6, largest: 448)
  /// 0, ½, 1, 1½, 2, 3, 4 and 6 with either sign.
  static let e2m1 = SmallFloat(mantissaBits: 1, leastExponent: 0, largest: 6)

  /// The nearest value, of two the even one; beyond the largest the largest, as GPUs convert.
  func nearest(_ value: Float) -> Float {
    guard value.isFinite else { return value.isNaN ? value : value > 0 ? largest : -largest }
    let magnitude = min(abs(value), largest)
    guard magnitude > 0 else { return value }
    let exponent = max(Int(magnitude.exponent), leastExponent)
    let step = Float(sign: .plus, exponent: exponent - mantissaBits, significand: 1)
    let rounded = min((magnitude / step).rounded(.toNearestOrEven) * step, largest)
    return value < 0 ? -rounded : rounded
  }
}
