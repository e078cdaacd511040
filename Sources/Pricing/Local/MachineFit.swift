import Attention
import Foundation

/// Describes a machine by what stopwatches told of it, and tells how well the description predicts shapes that it was not
/// fitted to.
public struct MachineFit: Sendable {
  public struct Prediction: Sendable, Encodable {
    public let kernel: String
    /// Whether it is part of choosing, and not dense.
    public let chooses: Bool
    public let tokens: Int
    public let headDim: Int
    public let predictedSeconds: Double
    public let measuredSeconds: Double
  }

  public let machine: HardwareDescription
  /// Of the calls that were held out.
  public let predictions: [Prediction]
  /// Over all of them.
  public var error: ModelError { ModelError(predictions.map { ($0.predictedSeconds, $0.measuredSeconds) }) }

  /// - Parameters:
  ///   - fitted: calls that the kernels' parameters follow from.
  ///   - heldOut: calls of other shapes, which are predicted.
  ///   - method: who measured, as the file is to say it.
  ///   - data: the shapes, as the file is to say them.
  public init(
    _ measured: MeasuredMachine, fitted: [MeasuredCall], heldOut: [MeasuredCall], method: String, data: String
  ) {
    var machine = measured.description
    var set = Self.fit(fitted, machine).rounded()
    let model = CostModel(machine: machine, kernels: set)
    predictions = heldOut.map {
      Prediction(
        kernel: $0.kernel, chooses: $0.load.chooses, tokens: $0.tokens, headDim: $0.headDim,
        predictedSeconds: $0.seconds(model),
        measuredSeconds: $0.seconds)
    }
    // Starting threads is no part of the calls that were fitted, and is of every step.
    set.dense.launchNs = (measured.startSeconds * 1e9).significant(4)
    set.sparse.launchNs = set.dense.launchNs
    set.calibration = KernelCalibration(
      method: method, data: data, machines: [.init(machine)], errors: Self.errors(predictions, machine))
    machine.kernels = set
    self.machine = machine
  }

  /// Of dense kernels and of those that score, choose and gather, apart.
  private static func errors(_ predictions: [Prediction], _ machine: HardwareDescription)
    -> [KernelCalibration.HeldOut]
  {
    [PriceKind.dense, .tokens].compactMap { kind in
      let own = predictions.filter { ($0.chooses ? .tokens : .dense) == kind }
      guard !own.isEmpty else { return nil }
      let error = ModelError(own.map { ($0.predictedSeconds, $0.measuredSeconds) }).rounded()
      return .init(kind, on: machine.name, error)
    }
  }

  private static func fit(_ calls: [MeasuredCall], _ machine: HardwareDescription) -> KernelSet {
    let rowBytes = Set(calls.map(\.headDim)).sorted().map { Double($0 * 2) }
    func set(_ values: [Double]) -> KernelSet {
      KernelSet(
        name: "local", title: "this project's kernels on this machine", launchesAhead: false,
        computeEfficiency: min(values[1], 1),
        dense: .init(launchNs: 0, kernel: .init(latencyNs: 0, streamEfficiency: values[0])),
        sparse: .init(
          launchNs: 0, splitSelectLaunchNs: 0, latencyNs: 0, streamEfficiency: values[2],
          gatherEfficiency: zip(rowBytes, values[4...]).map { .init(rowBytes: $0, efficiency: $1) },
          selectPasses: values[3], serialNsPerToken: 0))
    }
    let start = [0.8, 0.25, 0.7, 5] + rowBytes.map { _ in 0.4 }
    let values = LeastSquares().fit(start: start) { values in
      let model = CostModel(machine: machine, kernels: set(values))
      return calls.map { log($0.seconds(model) / $0.seconds) }
    }
    return set(values)
  }
}
