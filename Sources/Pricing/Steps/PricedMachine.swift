import Attention
import Foundation

/// One policy's step beside dense attention's, priced on one machine.
public struct PricedStep: Sendable {
  public let batch: Double
  public let geometry: PricedGeometry
  public let reading: Reading
  public let policy: StepTime
  public let dense: StepTime

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
  public var isFittedHere: Bool {
    guard let calibration = kernels.calibration, calibration.machine == machine.name else { return false }
    return abs(calibration.bandwidthBytesPerSecond / machine.memory.bandwidthBytesPerSecond - 1) < 1e-4
  }

  /// Of the machine of the fit, or of another one whose data sheet is all that was known; nil where nothing was measured.
  public var error: ModelError? {
    isFittedHere ? kernels.calibration?.heldOut : kernels.calibration?.otherMachine
  }

  public func price(
    _ shape: StepShape, dense: StepShape, geometry: PricedGeometry, batch: Double, reading: Reading
  ) -> PricedStep {
    PricedStep(
      batch: batch, geometry: geometry, reading: reading,
      policy: model.time(shape.load(geometry, reading: reading), batch: batch),
      // Dense decode attention of a group reads a row once: held against anything slower, every policy would shine.
      dense: model.time(dense.load(geometry, reading: .groupUnion), batch: batch))
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

  /// How much the speed-up changes, in per cent, for each per cent more of a parameter of the machine or its kernels.
  public func sensitivity(
    _ shape: StepShape, dense: StepShape, geometry: PricedGeometry, batch: Double, reading: Reading
  ) -> [(parameter: String, elasticity: Double)] {
    let step = 1.05
    func speedUp(_ change: (inout HardwareDescription, inout KernelSet) -> Void) -> Double {
      var (machine, kernels) = (machine, kernels)
      change(&machine, &kernels)
      return PricedMachine(machine: machine, kernels: kernels)
        .price(shape, dense: dense, geometry: geometry, batch: batch, reading: reading).speedUp
    }
    let changes: [(String, (inout HardwareDescription, inout KernelSet) -> Void)] = [
      ("memory bandwidth", { machine, _ in machine.memory.bandwidthBytesPerSecond *= step }),
      (
        "launches, choosing",
        { _, kernels in
          kernels.sparse.launchNs *= step
          kernels.sparse.splitSelectLaunchNs *= step
        }
      ),
      ("launches, dense", { _, kernels in kernels.dense.launchNs *= step }),
      ("latency, choosing", { _, kernels in kernels.sparse.latencyNs *= step }),
      ("latency, dense", { _, kernels in kernels.dense.latencyNs *= step }),
      ("stream efficiency, choosing", { _, kernels in kernels.sparse.streamEfficiency *= step }),
      ("stream efficiency, dense", { _, kernels in kernels.dense.streamEfficiency *= step }),
      (
        "gather efficiency",
        { _, kernels in
          for index in kernels.sparse.gatherEfficiency.indices {
            kernels.sparse.gatherEfficiency[index].efficiency *= step
          }
        }
      ),
      ("top-k passes", { _, kernels in kernels.sparse.selectPasses *= step }),
      ("top-k waiting per token", { _, kernels in kernels.sparse.serialNsPerToken *= step }),
      ("link bandwidth", { machine, _ in machine.hostLink?.bandwidthBytesPerSecond *= step }),
    ]
    let base = speedUp { _, _ in }
    return changes.map { ($0.0, log(speedUp($0.1) / base) / log(step)) }
      .sorted { abs($0.1) > abs($1.1) }
  }
}
