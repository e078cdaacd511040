/// What a decode step of a whole model takes beside attention, as fitted to measured steps.
public struct StepCosts: Sendable, Equatable {
  /// Of the memory's bandwidth, at which weights are read.
  public var weightEfficiency: Double
  /// The same of weights of four bits, which are unpacked; nil where it was not measured.
  public var fourBitEfficiency: Double?
  /// Of the peak operations, that products with weights reach.
  public var computeEfficiency: Double
  /// Of each layer: norms, activations, and gaps between kernels.
  public var layerNs: Double
  /// Of a step: sampling, and what a runtime does between steps.
  public var fixedNs: Double
  /// Of each sequence of a batch.
  public var sequenceNs: Double
  /// Of a sum over devices, of which a layer has two; nil where it was not measured.
  public var reductionNs: Double?
  /// Sequences that a batch of several is padded to; nil where it is not.
  public var tile: Double?

  func efficiency(weightBits: Double) -> Double {
    weightBits < 8 ? fourBitEfficiency ?? weightEfficiency : weightEfficiency
  }
}
