import Attention

/// A decode step of the whole model: attention in every layer, and the weights read once for all sequences.
public struct WholeModel: Sendable {
  /// Of all weights, those of the embedding table left out: a step reads one row of it.
  public let weightBytes: Double
  public let layers: Double

  /// - Parameter elementBytes: of a weight.
  public init(_ shape: ModelShape, elementBytes: Double = 2) {
    self.init(
      weightBytes: shape.readParameters * elementBytes, layers: Double(shape.geometry.layers))
  }

  init(weightBytes: Double, layers: Double) {
    self.weightBytes = weightBytes
    self.layers = layers
  }

  /// Nanoseconds of everything but attention for `batch` sequences: the longer of reading weights and multiplying.
  public func linearNanoseconds(_ machine: HardwareDescription, _ kernels: KernelSet, batch: Double) -> Double
  {
    let reading = weightBytes / (machine.reachableBandwidth * kernels.dense.streamEfficiency)
    let computing = weightBytes * batch / (machine.peakOperations * kernels.computeEfficiency)
    return max(reading, computing) * 1e9
  }

  /// - Parameters:
  ///   - attention: of a layer.
  ///   - dense: of a layer that attends to everything, of which there are `denseLayers`.
  public func stepNanoseconds(
    attention: StepTime, dense: StepTime? = nil, denseLayers: Double = 0, _ machine: HardwareDescription,
    _ kernels: KernelSet, batch: Double
  ) -> Double {
    linearNanoseconds(machine, kernels, batch: batch) + (layers - denseLayers) * attention.nanoseconds
      + denseLayers * (dense?.nanoseconds ?? 0)
  }
}

/// Whether a model and its caches fit a machine.
public struct Residency: Sendable {
  public let capacityBytes: Double
  public let weightBytes: Double
  /// Of one sequence, on the device.
  public let cacheBytes: Double

  public init(capacityBytes: Double, weightBytes: Double, cacheBytes: Double) {
    self.capacityBytes = capacityBytes
    self.weightBytes = weightBytes
    self.cacheBytes = cacheBytes
  }

  /// 0 where not one sequence fits.
  public var largestBatch: Int {
    guard cacheBytes > 0 else { return weightBytes <= capacityBytes ? Int.max : 0 }
    return Int(max(0, min((capacityBytes - weightBytes) / cacheBytes, 1e15)))
  }
}
