/// Elementary functions by fixed sequences of exactly rounded operations, so that a replay has the same bits on
/// every machine, which a C library's functions do not promise. Errors where tested are below 1e-11: relative of `exp`,
/// absolute of the others.
enum PortableMath {
  private static let halfPi = 1.570_796_326_794_896_6
  /// What `halfPi` lacks of π/2.
  private static let halfPiRest = 6.123_233_995_736_766e-17
  private static let ln2 = 0.693_147_180_559_945_3

  /// Sine and cosine of `angle` radians, |angle| below 1e9: reduction by π/2 and Taylor's series. 0 and 1 for what is
  /// no number, or so large that neighbouring numbers are a radian apart.
  static func sinCos(_ angle: Double) -> (sin: Double, cos: Double) {
    guard abs(angle) < 0x1p53 else { return (0, 1) }
    let quarter = (angle / halfPi).rounded()
    let x = angle.addingProduct(-quarter, halfPi).addingProduct(-quarter, halfPiRest)
    let square = x * x
    var (sine, cosine) = (0.0, 0.0)
    for n in stride(from: 19, through: 3, by: -2) {
      sine = (sine + 1) * (-square / Double(n * (n - 1)))
      cosine = (cosine + 1) * (-square / Double((n - 1) * (n - 2)))
    }
    sine = x + x * sine
    cosine += 1
    return switch Int(quarter) & 3 {
    case 0: (sine, cosine)
    case 1: (cosine, -sine)
    case 2: (-sine, -cosine)
    default: (-cosine, sine)
    }
  }

  /// Natural logarithm of a positive normal number: the exponent, and the series of atanh on [√½, √2].
  static func log(_ value: Double) -> Double {
    var exponent = Double(value.exponent)
    var x = value.significand
    if x > 1.414_213_562_373_095_1 {
      x /= 2
      exponent += 1
    }
    let ratio = (x - 1) / (x + 1)
    let square = ratio * ratio
    var sum = 0.0
    for n in stride(from: 25, through: 1, by: -2) { sum = sum * square + 1 / Double(n) }
    return exponent * ln2 + 2 * ratio * sum
  }

  /// Arc cosine of a number in -1...1, by halving the angle twice and the series of atan.
  static func acos(_ value: Double) -> Double {
    let x = min(max(value, -1), 1)
    if x < 0 { return 2 * halfPi - acos(-x) }
    // acos x = 2 atan √((1 − x) / (1 + x)); atan t = 2 atan(t / (1 + √(1 + t²)))
    var tangent = ((1 - x) / (1 + x)).squareRoot()
    tangent /= 1 + (1 + tangent * tangent).squareRoot()
    tangent /= 1 + (1 + tangent * tangent).squareRoot()
    let square = tangent * tangent
    var sum = 0.0
    for n in stride(from: 41, through: 1, by: -2) { sum = 1 / Double(n) - square * sum }
    return 8 * tangent * sum
  }

  /// A base's whole power.
  static func power(_ base: Double, _ exponent: Int) -> Double {
    var result = 1.0
    for _ in 0..<exponent { result *= base }
    return result
  }

  /// e to a number of at most 0 and at least -700: halved until small, Taylor's series, squared back.
  static func exp(_ value: Double) -> Double {
    let x = max(value, -700) / 1024
    var sum = 1.0
    for n in stride(from: 18, through: 1, by: -1) { sum = 1 + x / Double(n) * sum }
    for _ in 0..<10 { sum *= sum }
    return sum
  }

  /// The same of many numbers, with the same bits.
  static func exp(_ values: [Double]) -> [Double] {
    var result = values
    for first in stride(from: 0, to: values.count, by: 4) {
      let own = first..<min(first + 4, values.count)
      var four = SIMD4<Double>(repeating: 0)
      for (lane, place) in own.enumerated() { four[lane] = values[place] }
      four = exp(four)
      for (lane, place) in own.enumerated() { result[place] = four[lane] }
    }
    return result
  }

  /// Four numbers side by side.
  private static func exp(_ values: SIMD4<Double>) -> SIMD4<Double> {
    let x = pointwiseMax(values, SIMD4(repeating: -700)) / 1024
    var sum = SIMD4(repeating: 1.0)
    for n in stride(from: 18, through: 1, by: -1) { sum = 1 + x / Double(n) * sum }
    for _ in 0..<10 { sum *= sum }
    return sum
  }
}
