import Foundation
import Hardware

/// A fitted kernel set as the YAML file that holds it.
struct KernelSetText {
  let set: KernelSet
  let name: String
  let dense: String
  let machine: HardwareDescription
  /// The table of measurements, as the file shall name it.
  let data: String
  let validation: Validation

  var yaml: String {
    let short = name.replacing("sparq-attn-", with: "")
    let outcomes = validation.outcomes(sparse: name, dense: dense, knowsFixedCost: false)
    let heldOut = error(outcomes.filter { $0.split.hasPrefix(machine.name + ": ") })
    let other = error(outcomes.filter { $0.split.hasPrefix(machine.name + ", ") })
    var named = set
    named.name = short
    named.title = "\(name) and \(dense) as measured"
    named.calibration = heldOut.map {
      KernelCalibration(
        method:
          "least squares on the logarithm of times, soft absolute loss (fasa-sim hardware validate --fit)",
        machine: machine.name, bandwidthBytesPerSecond: machine.memory.bandwidthBytesPerSecond, data: data,
        heldOut: $0, otherMachine: other)
    }
    return KernelSetFields(set: named).lines.joined(separator: "\n")
  }

  /// Over all predictions of sparse steps in these outcomes.
  private func error(_ outcomes: [Validation.Outcome]) -> ModelError? {
    let pairs = outcomes.flatMap(\.cases).filter { $0.rank != nil }.map {
      (predicted: $0.predictedSeconds, measured: $0.measuredSeconds)
    }
    return pairs.isEmpty ? nil : ModelError(pairs)
  }
}
