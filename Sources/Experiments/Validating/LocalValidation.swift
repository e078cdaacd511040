import Foundation
import Pricing

/// How well the model predicts this machine's own kernels at shapes that it was not fitted to.
struct LocalValidation {
  let measured: MachineFit

  struct JSON: Encodable {
    let machine: String
    let error: ModelError
    let predictions: [MachineFit.Prediction]
  }

  var json: JSON {
    JSON(machine: measured.machine.title, error: error, predictions: measured.predictions)
  }

  private var error: ModelError { Self.error(measured.predictions) }

  private static func error(_ predictions: [MachineFit.Prediction]) -> ModelError {
    ModelError(predictions.map { ($0.predictedSeconds, $0.measuredSeconds) })
  }

  var blocks: [Document.Block] {
    let names = Set(measured.predictions.map(\.kernel)).sorted()
    let lines = (names + ["all"]).map { name in
      (name: name, error: Self.error(measured.predictions.filter { $0.kernel == name || name == "all" }))
    }
    let table = TextTable(
      lines,
      [
        .left("this machine's kernels") { $0.name },
        .right("cases") { "\($0.error.cases)" },
        .right("median") { NumberText.percent($0.error.median) },
        .right("90 %") { NumberText.percent($0.error.p90) },
        .right("mean") { NumberText.signedPercent($0.error.signedMean) },
      ])
    return [
      .heading("\(measured.machine.title): \(measured.machine.kernels?.calibration?.data ?? "")"),
      .table(table),
    ]
  }
}
