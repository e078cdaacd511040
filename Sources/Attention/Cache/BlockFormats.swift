/// llama.cpp's formats of blocks of 32 channels with a 16-bit scale (ggml/src/ggml-quants.c): encoded by the scale in 32
/// bits, decoded by what is stored of it.
enum BlockFormats {
  static let channels = 32

  /// Codes of 8 bits around 0, the largest magnitude being 127; halves go away from zero. Codes have no zero below zero.
  static func q8(_ values: UnsafeMutablePointer<Float>) {
    var largest: Float = 0
    for i in 0..<channels { largest = max(largest, abs(values[i])) }
    let scale = largest / 127
    let inverse = scale == 0 ? 0 : 1 / scale
    let stored = half(scale)
    for i in 0..<channels { values[i] = ((values[i] * inverse).rounded() + 0) * stored }
  }

  /// Codes 0 to 15 less 8. The value of the largest magnitude, the first of such, is -8 of a scale that has its sign: one
  /// as large of the other sign is cut to +7.
  static func q4(_ values: UnsafeMutablePointer<Float>) {
    var (largest, signed) = (Float(0), Float(0))
    for i in 0..<channels where abs(values[i]) > largest {
      (largest, signed) = (abs(values[i]), values[i])
    }
    let scale = signed / -8
    let inverse = scale == 0 ? 0 : 1 / scale
    let stored = half(scale)
    for i in 0..<channels {
      let code = min(15, (values[i] * inverse + 8.5).rounded(.towardZero))
      values[i] = (code - 8) * stored
    }
  }

  private static func half(_ value: Float) -> Float { HalfPrecision.float(f16: HalfPrecision.f16(value)) }
}
