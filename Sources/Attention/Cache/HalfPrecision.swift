/// Conversions of 16-bit floats by integer arithmetic.
///
/// Swift's `Float16` is missing on some Macs and calls a library routine per value elsewhere; these
/// vectorise. They serve small tensors and synthetic traces: the hot loops convert in the kernels.
package enum HalfPrecision {
  package static func float(bf16 bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  package static func float(f16 bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let magnitude = UInt32(bits & 0x7FFF)
    if magnitude >= 0x7C00 { return Float(bitPattern: sign | 0x7F80_0000 | (magnitude & 0x3FF) << 13) }
    // Shifting leaves the exponent 112 too small; multiplying by 2^112 mends it, subnormals included.
    let shifted = Float(bitPattern: magnitude << 13) * Float(bitPattern: (127 + 112) << 23)
    return Float(bitPattern: sign | shifted.bitPattern)
  }

  /// Rounds to nearest, ties to even.
  package static func bf16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16) | 0x40 }
    return UInt16((bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }

  /// Rounds to nearest, ties to even; values past the range become infinite.
  package static func f16(_ value: Float) -> UInt16 {
    let sign = UInt16(value.bitPattern >> 16 & 0x8000)
    let magnitude = value.bitPattern & 0x7FFF_FFFF
    if magnitude > 0x7F80_0000 { return sign | 0x7E00 }
    if magnitude >= 0x4780_0000 { return sign | 0x7C00 }
    if magnitude < 0x3880_0000 {
      // Subnormal: adding 0.5 leaves the value's multiple of 2^-24, rounded by the adder, in the low bits.
      let aligned = Float(bitPattern: magnitude) + 0.5
      return sign | UInt16(aligned.bitPattern - Float(0.5).bitPattern)
    }
    let rounded = magnitude &+ 0xFFF &+ (magnitude >> 13 & 1) &- 0x3800_0000
    return sign | UInt16(rounded >> 13)
  }
}
