import Attention
import Foundation

/// One policy's step beside dense attention's, priced on one machine.
public struct PricedStep: Sendable {
  public let batch: Double
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

  public init(machine: HardwareDescription, kernels: KernelSet) {
    self.machine = machine
    self.kernels = kernels
  }

  /// As results name it.
  public var name: String { "\(machine.name)/\(kernels.name)" }
  public var model: CostModel { CostModel(machine: machine, kernels: kernels) }
  public var isFittedHere: Bool { kernels.calibration?.isFitted(to: machine) ?? false }

  /// Of prices of one kind, on this machine where it was fitted, or on ones that no fit saw; nil where none was measured.
  public func error(of kind: PriceKind) -> ModelError? {
    kernels.calibration?.error(of: kind, on: machine)
  }

  public func price(
    _ shape: StepShape, dense: StepShape, geometry: PricedGeometry, batch: Double, reading: Reading
  ) -> PricedStep {
    PricedStep(
      batch: batch, geometry: geometry, reading: reading,
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
