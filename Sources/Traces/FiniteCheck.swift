import Attention

/// Finds values that are not finite, on bit patterns.
enum FiniteCheck {
  /// The first value of `bytes` that is infinite or not a number, counted in elements, or nil.
  ///
  /// - Complexity: one pass at memory speed where all are finite; `bytes` starts at a whole element.
  static func firstNonFinite(_ bytes: UnsafeRawBufferPointer, _ type: ElementType) -> Int? {
    switch type {
    case .f16: firstFullExponent(bytes.bindMemory(to: UInt16.self), exponent: 0x7C00)
    case .bf16: firstFullExponent(bytes.bindMemory(to: UInt16.self), exponent: 0x7F80)
    case .f32: firstFullExponent(bytes.bindMemory(to: UInt32.self), exponent: 0x7F80_0000)
    }
  }

  /// Adding the exponent's lowest bit to a pattern of ones carries into the sign bit, and only then; the
  /// carries of all values are gathered without a branch, so that the loop vectorises.
  @inline(__always)
  private static func firstFullExponent<Bits: FixedWidthInteger & UnsignedInteger>(
    _ values: UnsafeBufferPointer<Bits>, exponent: Bits
  ) -> Int? {
    let lowest = exponent & (~exponent &+ 1)
    var carries: Bits = 0
    for index in 0..<values.count {
      carries |= (Bits(littleEndian: values[index]) & exponent) &+ lowest
    }
    if carries.leadingZeroBitCount > 0 { return nil }
    return values.firstIndex { Bits(littleEndian: $0) & exponent == exponent }
  }

  /// What the non-finite value at `index` is, for a message.
  static func name(of bytes: UnsafeRawBufferPointer, _ type: ElementType, at index: Int) -> String {
    let start = index * type.byteCount
    let bits = bytes[start..<start + type.byteCount].littleEndian(at: 0, count: type.byteCount)
    let mantissa: UInt64 =
      switch type {
      case .f16: 0x3FF
      case .bf16: 0x7F
      case .f32: 0x7F_FFFF
      }
    if bits & mantissa != 0 { return "NaN" }
    return bits >> (UInt64(type.byteCount) * 8 - 1) == 1 ? "-infinity" : "infinity"
  }
}
