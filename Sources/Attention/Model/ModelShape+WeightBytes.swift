extension ModelShape {
  /// Bytes of weights that a decode step of `batch` sequences reads.
  ///
  /// - Parameter bits: of a weight; nil for the format in which the model is published. Otherwise routers, embedding
  ///   table and output layer stay in 16 bits, as AWQ and GPTQ leave them. Weights of fewer than 8 bits have a scale
  ///   of 16 bits and a zero point for each 128; scales of 8 bits and more, a row's or a block's, are not counted.
  public func weightBytes(batch: Double, bits: Double? = nil) -> Double {
    bytes(readWeights(batch: batch), bits: bits)
  }

  /// Bytes of all weights, as many as a machine must hold.
  ///
  /// - Parameter bits: as for ``weightBytes(batch:bits:)``.
  public func residentWeightBytes(bits: Double? = nil) -> Double { bytes(allWeights, bits: bits) }

  /// Weights of one format: the bytes that a step reads of them, those that each token is multiplied with, and the whole
  /// bits of one, by which kernels and peaks go.
  public struct WeightPart: Sendable, Equatable {
    public let readBytes: Double
    public let activeParameters: Double
    public let bits: Double
  }

  /// ``weightBytes(batch:bits:)`` and ``activeParameters`` by format.
  public func weightParts(batch: Double, bits: Double? = nil) -> [WeightPart] {
    let (read, active) = (readWeights(batch: batch), readWeights(batch: 1))
    let width = bits.map(Self.groupedBits)
    let parts = [
      (read.experts, active.experts, width ?? publishedBits.experts),
      (read.projections, active.projections, width ?? publishedBits.projections),
      (read.routers + read.tables, active.routers + active.tables, 16),
    ]
    return parts.filter { $0.0 > 0 }.map {
      WeightPart(readBytes: $0 * $2 / 8, activeParameters: $1, bits: $2.rounded(.down))
    }
  }

  private func bytes(_ counts: WeightCounts, bits: Double?) -> Double {
    let width = bits.map(Self.groupedBits)
    return
      (counts.experts * (width ?? publishedBits.experts)
      + counts.projections * (width ?? publishedBits.projections)
      + (counts.routers + counts.tables) * 16) / 8
  }

  /// A zero point has as many bits as a weight.
  private static func groupedBits(_ bits: Double) -> Double { bits < 8 ? bits + (16 + bits) / 128 : bits }

  /// Bits of a weight of an expert, and of a projection. Routers, embedding table and output layer are bfloat16
  /// everywhere.
  private var publishedBits: (experts: Double, projections: Double) {
    switch self {
    // MXFP4: 4 bits, and a scale of 8 bits for 32 weights.
    case .gptOSS20B, .gptOSS120B: (4.25, 16)
    // FP8: 8 bits, and a scale of 32 bits for a block of 128 × 128.
    case .deepSeekV3: (8 + 32.0 / (128 * 128), 8 + 32.0 / (128 * 128))
    default: (16, 16)
    }
  }
}
