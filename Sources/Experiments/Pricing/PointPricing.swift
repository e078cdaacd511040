import Attention
import Pricing
import Results

/// Prices one configuration on one machine, at one context and batch size.
struct PointPricing {
  private let job: PricingJob
  private let stored: StoredShape
  private let machine: PricedMachine
  /// Of the whole model, and what each of several devices holds of it.
  private let geometry: PricedGeometry
  private let own: PricedGeometry
  private let batch: Double

  init(
    job: PricingJob, _ stored: StoredShape, _ machine: PricedMachine, _ geometry: PricedGeometry,
    batch: Double
  ) {
    self.job = job
    self.stored = stored
    self.machine = machine
    self.geometry = geometry
    own = geometry.shared(by: Double(job.deployment.shards))
    self.batch = batch
  }

  var point: PricingJob.Point {
    let step = machine.price(
      stored.shape, dense: stored.dense, geometry: own, batch: batch, replicas: job.deployment.replicas,
      reading: job.reading)
    let row = ModelledRow(
      configuration: stored.configuration, machine: machine, geometryName: job.geometryName, step: step,
      isExtrapolated: !machine.isFittedHere || geometry != stored.geometry || job.deployment.devices > 1)
    let window = WindowPricing(job: job, stored, machine, own: own, batch: step.batchOfReplica)
    return PricingJob.Point(
      stored: stored, row: row, windows: window?.windows(beside: step, layers: geometry.layers),
      whole: job.model.map { whole($0, step, window) })
  }

  private func whole(_ model: ModelShape, _ step: PricedStep, _ window: WindowPricing?) -> PricingJob.Whole {
    let shape = WholeModel(
      weights: model.weightParts(batch: step.batchOfReplica, bits: weightBits).map {
        .init(readBytes: $0.readBytes, activeParameters: $0.activeParameters, bits: $0.bits)
      },
      layers: geometry.layers, devices: Double(job.deployment.shards))
    func side(_ attention: StepTime, _ kept: StepShape, windowed: StepTime?, _ keptWindow: StepShape?)
      -> PricingJob.Side
    {
      PricingJob.Side(
        nanoseconds: shape.stepNanoseconds(
          attention: attention, dense: windowed, denseLayers: window?.layers ?? 0, machine.machine,
          machine.kernels, batch: step.batchOfReplica),
        batch: batch, largestBatch: largestBatch(model, kept, window, keptWindow))
    }
    return PricingJob.Whole(
      policy: side(step.policy, stored.shape, windowed: window?.policy, window?.shape),
      dense: side(step.dense, stored.dense, windowed: window?.dense, window?.denseShape),
      error: machine.error(of: .step, at: own))
  }

  private var weightBits: Double? { job.deployment.weightBits.map(Double.init) }

  private func largestBatch(
    _ model: ModelShape, _ shape: StepShape, _ window: WindowPricing?, _ windowShape: StepShape?
  ) -> Int {
    let isUnified = machine.machine.hostLink == nil
    func bytes(_ shape: StepShape, _ geometry: PricedGeometry) -> Double {
      let resident = shape.residentBytes(geometry)
      return resident.device + (isUnified ? resident.host : 0)
    }
    var full = own
    full.layers -= window?.layers ?? 0
    let deployment = job.deployment
    let residency = Residency(
      capacityBytes: machine.machine.memory.capacityBytes * (1 - deployment.reserve)
        - model.activationBytes(devices: Double(deployment.shards)),
      weightBytes: model.residentWeightBytes(bits: weightBits) / Double(deployment.shards),
      cacheBytes: bytes(shape, full) + (window.map { bytes(windowShape ?? stored.dense, $0.geometry) } ?? 0))
    let (total, overflow) = residency.largestBatch.multipliedReportingOverflow(by: deployment.replicas)
    return overflow ? Int.max : total
  }
}
