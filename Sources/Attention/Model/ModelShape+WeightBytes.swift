extension ModelShape {
  /// Bits of a weight, with what its scales take, in the format in which a model is published.
  public struct WeightBits: Sendable, Equatable {
    public var experts: Double
    /// Of attention, MLPs and shared experts.
    public var projections: Double
    /// Of routers, embedding table and output layer.
    public var tables: Double

    public init(experts: Double = 16, projections: Double = 16, tables: Double = 16) {
      self.experts = experts
      self.projections = projections
      self.tables = tables
    }
  }

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
    let width = stored(bits)
    let parts = [
      (read.experts, active.experts, width.experts),
      (read.projections, active.projections, width.projections),
      (read.routers + read.tables, active.routers + active.tables, width.tables),
    ]
    return parts.filter { $0.0 > 0 }.map {
      WeightPart(readBytes: $0 * $2 / 8, activeParameters: $1, bits: $2.rounded(.down))
    }
  }

  private func bytes(_ counts: WeightCounts, bits: Double?) -> Double {
    let width = stored(bits)
    return
      (counts.experts * width.experts + counts.projections * width.projections
      + (counts.routers + counts.tables) * width.tables) / 8
  }

  private func stored(_ bits: Double?) -> WeightBits {
    guard let bits else { return weightBits }
    // A zero point has as many bits as a weight.
    let grouped = bits < 8 ? bits + (16 + bits) / 128 : bits
    return WeightBits(experts: grouped, projections: grouped)
  }
}
