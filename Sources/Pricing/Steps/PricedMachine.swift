import Attention
import Foundation

/// One policy's step beside dense attention's, priced on one machine.
public struct PricedStep: Sendable {
  /// Sequences that decode together, over all copies of the model, and those of one copy.
  public let batch: Double
  public let batchOfReplica: Double
  public let geometry: PricedGeometry
  public let reading: Reading
  public let policy: StepTime
  public let dense: StepTime
  /// Whose measured kernels the policy's price stands on.
  public let kind: PriceKind

  public var speedUp: Double { dense.nanoseconds / policy.nanoseconds }
}

/// A machine with the kernels that it is priced with, and how far such prices were off.
public struct PricedMachine: Sendable {
  public let machine: HardwareDescription
  public let kernels: KernelSet
  /// Whether its kernels are ones of before, priced beside those that were asked for.
  public let isEarlier: Bool

  public init(machine: HardwareDescription, kernels: KernelSet, isEarlier: Bool = false) {
    self.machine = machine
    self.kernels = kernels
    self.isEarlier = isEarlier
  }

  /// As results name it.
  public var name: String { "\(machine.name)/\(kernels.name)" }
  public var model: CostModel { CostModel(machine: machine, kernels: kernels) }
  /// Whether whole steps were measured, and none of them on several devices.
  public var hasNoReductions: Bool { kernels.step.map { $0.reductionNs == nil } ?? false }
  public var isFittedHere: Bool { kernels.calibration?.isFitted(to: machine) ?? false }

  /// Of prices of one kind, on this machine where it was fitted, or on ones that no fit saw; nil where none was measured.
  ///
  /// - Parameter geometry: whose rows are attended to.
  public func error(of kind: PriceKind, at geometry: PricedGeometry) -> ModelError? {
    switch kind == .dense ? kernels.dense.origin(of: geometry.rows, on: machine) : .machine {
    case .machine: kernels.calibration?.error(of: kind, on: machine)
    case .memory: kernels.calibration?.errorElsewhere(of: kind, on: machine)
    case .otherRows: nil
    }
  }

  /// - Parameter replicas: copies of the model, which share the batch.
  public func price(
    _ shape: StepShape, dense: StepShape, geometry: PricedGeometry, batch served: Double, replicas: Int = 1,
    reading: Reading
  ) -> PricedStep {
    let batch = (served / Double(replicas)).rounded(.up)
    return PricedStep(
      batch: served, batchOfReplica: batch, geometry: geometry, reading: reading,
      policy: model.time(shape.load(geometry, reading: reading), batch: batch),
      // Dense decode attention of a group reads a row once: held against anything slower, every policy would shine.
      dense: model.time(dense.load(geometry, reading: .groupUnion), batch: batch), kind: shape.priceKind)
  }

  /// The shortest context, in tokens, from which on the policy is faster than dense attention up to `longest`; nil where
  /// it is not at `longest`.
  public func crossover(
    _ shape: StepShape, dense: StepShape, geometry: PricedGeometry, batch: Double, reading: Reading,
    longest: Double = 1_048_576
  ) -> Double? {
    func wins(_ context: Double) -> Bool {
      var target = geometry
      target.context = context
      return price(shape, dense: dense, geometry: target, batch: batch, reading: reading).speedUp > 1
    }
    guard wins(longest) else { return nil }
    // From the longest down, since a top-k that is split at some length makes a small step.
    var (high, low) = (longest, longest)
    while low > 128, wins(low) {
      high = low
      low /= 1.25
    }
    if wins(low) { return low }
    for _ in 0..<12 {
      let middle = (low * high).squareRoot()
      if wins(middle) { high = middle } else { low = middle }
    }
    return high
  }
}
