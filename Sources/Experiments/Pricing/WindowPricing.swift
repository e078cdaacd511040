import Attention
import Pricing
import Results

/// Prices a layer that sees the latest tokens alone, beside those that see everything.
///
/// Dense attention reads the window at most. So does a policy, unless the trace has such layers itself and its budget
/// leaves out some of the window: then it does there what it was seen to do.
struct WindowPricing {
  /// How many there are.
  let layers: Double
  let tokens: Int
  /// Of all of them, at what they see.
  let geometry: PricedGeometry
  let shape: StepShape
  let denseShape: StepShape
  let policy: StepTime
  let dense: StepTime

  /// Nil where all layers are of one kind.
  ///
  /// - Parameters:
  ///   - own: what one device holds of the model, at the context that is priced.
  ///   - batch: sequences of one copy of the model.
  init?(job: PricingJob, _ stored: StoredShape, _ machine: PricedMachine, own: PricedGeometry, batch: Double)
  {
    let windows =
      job.model.map { model in
        model.partlyWindowed.map { (layers: Double($0.layers.count), tokens: $0.tokens) }
      } ?? stored.windowed.map { (layers: $0.layers, tokens: $0.tokens) }
    guard let windows else { return nil }
    (layers, tokens) = windows
    var geometry = own
    geometry.context = min(own.context, Double(tokens))
    geometry.layers = layers
    self.geometry = geometry
    denseShape = stored.windowed?.dense ?? stored.dense
    shape = stored.windowed.flatMap { $0.shape.isCovering(geometry.context) ? nil : $0.shape } ?? denseShape
    dense = machine.model.time(denseShape.load(geometry, reading: .groupUnion), batch: batch)
    policy =
      shape == denseShape
      ? dense : machine.model.time(shape.load(geometry, reading: job.reading), batch: batch)
  }

  /// - Parameter all: layers of the model.
  func windows(beside step: PricedStep, layers all: Double) -> PricingJob.Windows {
    .init(
      fullLayers: all - layers, windowedLayers: layers, tokens: tokens,
      full: .init(policy: step.policy.nanoseconds, dense: step.dense.nanoseconds),
      windowed: .init(policy: policy.nanoseconds, dense: dense.nanoseconds))
  }
}

extension StepShape {
  /// Whether the budget holds all that a step sees.
  fileprivate func isCovering(_ context: Double) -> Bool {
    if case .tokens(let count) = budget { Double(count) >= context } else { false }
  }
}
