import Foundation

/// Principal axes, most variance first, with the variance along each.
///
/// In a file the axes are one base64 text of little-endian 16-bit integers, 32,767 times each channel: a profile of a small
/// model would otherwise be megabytes of digits that take longer to read than a replay.
public struct AxisMatrix: Sendable, Equatable, Codable {
  /// `[axis][channel]`, of length 1 up to 3e-5.
  public var axes: [[Float]]
  public var variances: [Float]

  public init(axes: [[Float]], variances: [Float]) {
    self.axes = axes
    self.variances = variances
  }

  private static let whole: Float = 32_767

  enum CodingKeys: String, CodingKey { case axes, variances }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    variances = try container.decode([Float].self, forKey: .variances)
    let text = try container.decode(String.self, forKey: .axes)
    guard let data = Data(base64Encoded: text), !variances.isEmpty, data.count % (2 * variances.count) == 0
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .axes, in: container,
        debugDescription: "axes are not base64 of a row of 16-bit integers per variance")
    }
    let bytes = [UInt8](data)
    let numbers = stride(from: 0, to: bytes.count, by: 2).map { index in
      Float(Int16(bitPattern: UInt16(bytes[index]) | UInt16(bytes[index + 1]) << 8)) / Self.whole
    }
    let width = numbers.count / variances.count
    axes = variances.indices.map { Array(numbers[$0 * width..<($0 + 1) * width]) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    var data = Data()
    for value in axes.joined() {
      // What is no unit vector is not made one; it must not end the program either.
      let whole = Int16(clamping: Int(saturating: Double((value * Self.whole).rounded())))
      let number = UInt16(bitPattern: whole)
      data.append(UInt8(number & 255))
      data.append(UInt8(number >> 8))
    }
    try container.encode(data.base64EncodedString(), forKey: .axes)
    try container.encode(variances, forKey: .variances)
  }

  /// What a file would hold: the same numbers after writing and reading.
  var stored: AxisMatrix {
    AxisMatrix(
      axes: axes.map { $0.map { ($0 * Self.whole).rounded() / Self.whole } }, variances: variances)
  }

  /// Axes of the weighted mean of several covariances.
  static func merging(_ matrices: [AxisMatrix], weights: [Double]) -> AxisMatrix {
    guard let first = matrices.first else { return AxisMatrix(axes: [], variances: []) }
    let d = first.axes.first?.count ?? 0
    let total = weights.reduce(0, +)
    var covariance = Array(repeating: Array(repeating: 0.0, count: d), count: d)
    for (matrix, weight) in zip(matrices, weights) {
      for (axis, variance) in zip(matrix.axes, matrix.variances) {
        let factor = Double(variance) * weight / total
        for i in 0..<d { for j in 0..<d { covariance[i][j] += factor * Double(axis[i]) * Double(axis[j]) } }
      }
    }
    return AxisMatrix(covariance: covariance)
  }

  init(covariance: [[Double]]) {
    let axes = SymmetricEigen.axes(covariance)
    self.axes = axes.map { $0.map(Float.init) }
    variances = axes.map { axis in
      let product = covariance.map { row in zip(row, axis).reduce(0) { $0 + $1.0 * $1.1 } }
      return Float(zip(product, axis).reduce(0) { $0 + $1.0 * $1.1 })
    }
    self = stored
  }
}
