import Foundation
import Pricing

/// A fitted kernel set as the YAML file that holds it.
struct KernelSetText {
  let set: KernelSet
  let name: String
  let dense: String
  let machine: HardwareDescription
  /// The table of measurements, as the file shall name it.
  let data: String
  let validation: Validation
  /// Who fitted it, as the file shall say.
  let method: String

  func yaml() throws -> String {
    let short = name.replacing("sparq-attn-", with: "")
    let outcomes = validation.outcomes(sparse: name, dense: dense, knowsFixedCost: false)
    let own = outcomes.filter { $0.fittedOn == machine.name }
    let heldOut = error(own.filter { $0.predicted == machine.name })
    let other = error(own.filter { $0.predicted != machine.name })
    var named = set.rounded()
    named.name = short
    named.title = "\(name) and \(dense) as measured"
    let errors = [
      heldOut.map { KernelCalibration.HeldOut(.tokens, on: machine.name, $0) },
      other.map { KernelCalibration.HeldOut(.tokens, $0) },
    ].compactMap(\.self)
    if !errors.isEmpty {
      named.calibration = KernelCalibration(
        method: method, data: data, machines: [.init(machine)], errors: errors)
    }
    return try named.yaml()
  }

  /// Over all predictions of sparse steps in these outcomes.
  private func error(_ outcomes: [Validation.Outcome]) -> ModelError? {
    let pairs = outcomes.flatMap(\.cases).filter { $0.rank != nil }.map {
      (predicted: $0.predictedSeconds, measured: $0.measuredSeconds)
    }
    return pairs.isEmpty ? nil : ModelError(pairs).rounded()
  }
}
