import Attention

/// A measured decode step of a whole model with dense attention.
package struct MeasuredStep: Sendable, Equatable {
  package var model: ModelShape
  /// Its attention; the cache is in the last-level cache of no machine, as other layers and weights pass between.
  package var geometry: PricedGeometry
  /// Of a weight, with what its scales take.
  package var weightBits: Double
  /// Sequences of a step.
  package var batch: Double
  /// That share heads and weights.
  package var devices: Double
  /// Prompt tokens of other sequences that a server works through in the same step.
  package var prefill: Double
  /// Whether the time is the sum of kernels that were timed apart: nothing passes between them.
  package var isSumOfKernels: Bool

  package init(
    model: ModelShape, geometry: PricedGeometry, weightBits: Double, batch: Double, devices: Double = 1,
    prefill: Double = 0, isSumOfKernels: Bool = false
  ) {
    self.model = model
    self.geometry = geometry
    self.weightBits = weightBits
    self.batch = batch
    self.devices = devices
    self.prefill = prefill
    self.isSumOfKernels = isSumOfKernels
  }

  package func milliseconds(_ cost: CostModel) -> Double {
    let parameters = model.readParameters
    let whole = WholeModel(
      weights: [
        .init(
          readBytes: parameters * weightBits / 8, activeParameters: parameters, bits: weightBits)
      ],
      layers: geometry.layers, devices: devices)
    let step = cost.kernels.step
    // Prompt tokens are multiplied with the weights as a sequence's token is, and cost a server nothing else.
    let linear =
      whole.linearNanoseconds(cost.machine, cost.kernels, batch: batch + prefill)
      - prefill * (step?.sequenceNs ?? 0) - (isSumOfKernels ? step?.fixedNs ?? 0 : 0)
    return (linear + geometry.layers * cost.time(load, batch: batch).nanoseconds) / 1e6
  }

  /// Of one layer and sequence, on one device.
  private var load: StepLoad {
    let own = geometry.shared(by: devices)
    var load = StepLoad()
    load.cache = own.rows
    load.attend = [
      Access(bytes: own.kvHeads * own.context * (own.headDim + own.valueDim) * own.elementBytes)
    ]
    load.attendOperations = 2 * own.queryHeads * own.context * (own.headDim + own.valueDim)
    return load
  }
}
