import Attention

/// A decode step of the whole model: attention in every layer, and the weights read once for all sequences, on one device or
/// on several that share heads and weights (tensor parallelism).
public struct WholeModel: Sendable {
  /// What a step reads and multiplies beside attention, over all devices, of weights in one format.
  public struct Weights: Sendable, Equatable {
    /// Bytes that a step reads: of the embedding table one row, which is left out.
    public var readBytes: Double
    /// That each token is multiplied with.
    public var activeParameters: Double
    /// Of a weight, by which kernels differ.
    public var bits: Double

    public init(readBytes: Double, activeParameters: Double, bits: Double) {
      self.readBytes = readBytes
      self.activeParameters = activeParameters
      self.bits = bits
    }
  }

  public let weights: [Weights]
  public let layers: Double
  public let devices: Double

  public init(weights: [Weights], layers: Double, devices: Double = 1) {
    self.weights = weights
    self.layers = layers
    self.devices = devices
  }

  /// Nanoseconds of everything but attention for `batch` sequences.
  ///
  /// Reading weights and multiplying with them add up where a kernel set has measured whole steps, and beside them stand
  /// a time for each layer, step and sequence, and the sums over devices. Else it is the longer of the two.
  public func linearNanoseconds(_ machine: HardwareDescription, _ kernels: KernelSet, batch: Double) -> Double
  {
    let step = kernels.step
    let sequences = step?.tile.map { batch > 1 ? max(batch, $0) : 0 } ?? batch
    var (reading, computing) = (0.0, 0.0)
    for part in weights {
      let efficiency =
        step?.efficiency(weightBits: part.bits) ?? kernels.dense.kernel.streamEfficiency
      reading += part.readBytes / (devices * machine.reachableBandwidth * efficiency) * 1e9
      let peak =
        machine.peakOperations(weightBits: part.bits)
        * (step?.computeEfficiency ?? kernels.computeEfficiency)
      computing += 2 * part.activeParameters * sequences / (devices * peak) * 1e9
    }
    guard let step else { return max(reading, computing) }
    let reductions = devices > 1 ? 2 * layers * (step.reductionNs ?? 0) : 0
    return reading + computing + layers * step.layerNs + step.fixedNs + batch * step.sequenceNs + reductions
  }

  /// - Parameters:
  ///   - attention: of a layer.
  ///   - dense: of a layer that attends to everything, or to a window, of which there are `denseLayers`.
  public func stepNanoseconds(
    attention: StepTime, dense: StepTime? = nil, denseLayers: Double = 0, _ machine: HardwareDescription,
    _ kernels: KernelSet, batch: Double
  ) -> Double {
    linearNanoseconds(machine, kernels, batch: batch) + (layers - denseLayers) * attention.nanoseconds
      + denseLayers * (dense?.nanoseconds ?? 0)
  }
}
