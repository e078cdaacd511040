import Foundation
import Hardware

/// How well the model predicts this machine's own kernels at shapes that it was not fitted to.
package struct LocalValidation {
  let measured: LocalMeasurement

  package init(measured: LocalMeasurement) { self.measured = measured }

  package struct JSON: Encodable {
    let machine: String
    let error: ModelError
    let predictions: [LocalMeasurement.Prediction]
  }

  package var json: JSON {
    JSON(machine: measured.machine.title, error: error, predictions: measured.predictions)
  }

  private var error: ModelError { Self.error(measured.predictions) }

  private static func error(_ predictions: [LocalMeasurement.Prediction]) -> ModelError {
    ModelError(predictions.map { ($0.predictedSeconds, $0.measuredSeconds) })
  }

  package var text: String {
    var table = TextTable([
      ("this machine's kernels", .left), ("cases", .right), ("median", .right), ("90 %", .right),
      ("mean", .right),
    ])
    let names = Set(measured.predictions.map(\.kernel)).sorted()
    for name in names + ["all"] {
      let error = Self.error(measured.predictions.filter { $0.kernel == name || name == "all" })
      table.add([
        name, "\(error.cases)", NumberText.percent(error.median), NumberText.percent(error.p90),
        (error.signedMean > 0 ? "+" : "") + NumberText.percent(error.signedMean),
      ])
    }
    return
      "\(measured.machine.title): \(measured.machine.kernels?.calibration?.data ?? "")\n\n\(table.text)"
  }
}
