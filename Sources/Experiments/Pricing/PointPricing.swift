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
    return PricingJob.Point(stored: stored, row: row, whole: job.model.map { whole($0, step) })
  }

  private func whole(_ model: ModelShape, _ step: PricedStep) -> PricingJob.Whole {
    let shape = WholeModel(
      weights: model.weightParts(batch: step.batchOfReplica, bits: weightBits).map {
        .init(readBytes: $0.readBytes, activeParameters: $0.activeParameters, bits: $0.bits)
      },
      layers: geometry.layers, devices: Double(job.deployment.shards))
    let window = windowStep(model, batch: step.batchOfReplica)
    func side(_ attention: StepTime, _ kept: StepShape) -> PricingJob.Side {
      PricingJob.Side(
        nanoseconds: shape.stepNanoseconds(
          attention: attention, dense: window, denseLayers: windowedLayers(model), machine.machine,
          machine.kernels, batch: step.batchOfReplica),
        batch: batch, largestBatch: largestBatch(model, kept))
    }
    return PricingJob.Whole(
      policy: side(step.policy, stored.shape), dense: side(step.dense, stored.dense),
      error: machine.error(of: .step, at: own))
  }

  private var weightBits: Double? { job.deployment.weightBits.map(Double.init) }

  private func windowedLayers(_ model: ModelShape) -> Double { Double(model.windowed?.layers ?? 0) }

  /// What a layer sees that attends to a window.
  private func windowGeometry(_ model: ModelShape) -> PricedGeometry? {
    model.windowed.map { windowed in
      var geometry = own
      geometry.context = min(own.context, Double(windowed.tokens))
      geometry.layers = Double(windowed.layers)
      return geometry
    }
  }

  /// Dense whatever the policy, which has no part in layers that see a window.
  private func windowStep(_ model: ModelShape, batch: Double) -> StepTime? {
    windowGeometry(model).map { window in
      machine.model.time(stored.dense.load(window, reading: .groupUnion), batch: batch)
    }
  }

  private func largestBatch(_ model: ModelShape, _ shape: StepShape) -> Int {
    let isUnified = machine.machine.hostLink == nil
    func bytes(_ shape: StepShape, _ geometry: PricedGeometry) -> Double {
      let resident = shape.residentBytes(geometry)
      return resident.device + (isUnified ? resident.host : 0)
    }
    var full = own
    full.layers -= windowedLayers(model)
    let deployment = job.deployment
    let residency = Residency(
      capacityBytes: machine.machine.memory.capacityBytes * (1 - deployment.reserve)
        - model.activationBytes(devices: Double(deployment.shards)),
      weightBytes: model.residentWeightBytes(bits: weightBits) / Double(deployment.shards),
      cacheBytes: bytes(shape, full) + (windowGeometry(model).map { bytes(stored.dense, $0) } ?? 0))
    let (total, overflow) = residency.largestBatch.multipliedReportingOverflow(by: deployment.replicas)
    return overflow ? Int.max : total
  }
}
