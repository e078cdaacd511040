extension CacheFormat {
  /// Replaces one KV head's keys or values by what is read back of them.
  ///
  /// What each format does to a number of 32 bits: `values` are the exact ones.
  ///
  /// - Parameters:
  ///   - values: `[tokens][channels]`; of KIVI's keys a last group that is not full stays as it is.
  ///   - channels: a multiple of ``channels``.
  ///   - tensor: what ``tensorScale(_:count:)`` gave of the tokens that calibrate.
  public func round(
    _ values: UnsafeMutablePointer<Float>, tokens: Int, channels: Int, side: Side, tensor: Float
  ) {
    let count = tokens * channels
    switch self {
    case .f32: break
    case .f16:
      for i in 0..<count { values[i] = HalfPrecision.float(f16: HalfPrecision.f16(values[i])) }
    case .bf16:
      for i in 0..<count { values[i] = HalfPrecision.float(bf16: HalfPrecision.bf16(values[i])) }
    case .fp8: ScaledFormats.fp8(values, count: count)
    case .int8:
      for token in 0..<tokens { ScaledFormats.int8(values + token * channels, count: channels) }
    case .q8: blocks(values, count, BlockFormats.q8)
    case .q4: blocks(values, count, BlockFormats.q4)
    case .turnedQ8, .turnedQ4: turned(values, count, channels, side)
    case .kivi4: kivi(values, tokens, channels, side, bits: 4)
    case .kivi2: kivi(values, tokens, channels, side, bits: 2)
    case .nvfp4: ScaledFormats.nvfp4(values, count: count, tensor: tensor)
    }
  }

  /// The scale that a whole tensor's numbers share, by those that calibrate; 1 where a format has none.
  public func tensorScale(_ values: UnsafePointer<Float>, count: Int) -> Float {
    self == .nvfp4 ? ScaledFormats.nvfp4Tensor(largest: ScaledFormats.largest(values, count)) : 1
  }

  private func blocks(
    _ values: UnsafeMutablePointer<Float>, _ count: Int, _ round: (UnsafeMutablePointer<Float>) -> Void
  ) {
    for start in stride(from: 0, to: count, by: BlockFormats.channels) { round(values + start) }
  }

  /// Rounds what is turned, and turns it back: queries, and what attention gives, are turned alike where nothing is.
  private func turned(_ values: UnsafeMutablePointer<Float>, _ count: Int, _ channels: Int, _ side: Side) {
    let width = side == .keys ? HadamardRotation.keyWidth(channels) : HadamardRotation.valueWidth(channels)
    if let width { HadamardRotation.turn(values, count: count, width: width) }
    blocks(values, count, self == .turnedQ8 ? BlockFormats.q8 : BlockFormats.q4)
    if let width { HadamardRotation.turn(values, count: count, width: width) }
  }

  private func kivi(
    _ values: UnsafeMutablePointer<Float>, _ tokens: Int, _ channels: Int, _ side: Side, bits: Int
  ) {
    switch side {
    case .keys:
      for first in stride(from: 0, to: tokens / KIVI.group * KIVI.group, by: KIVI.group) {
        for c in 0..<channels { KIVI.round(values + first * channels + c, stride: channels, bits: bits) }
      }
    case .values:
      for start in stride(from: 0, to: tokens * channels, by: KIVI.group) {
        KIVI.round(values + start, stride: 1, bits: bits)
      }
    }
  }
}
