import GRDB
import Simulator

/// What whole layers lose after their output projection.
extension ResultWriter {
  func insertLayers(_ configuration: ConfigurationResult, _ id: ConfigurationID) throws {
    var rows = try BulkInsert(
      db, into: "layer_summaries",
      columns: [
        "configuration", "layer", "step_count", "projected_output_error_count", "projected_output_norm_sum",
        "projected_output_error",
      ])
    for layer in configuration.layers {
      rows.bind(Int(id.rawValue))
      rows.bind(layer.layer)
      rows.bind(layer.stepCount)
      rows.bind(layer.definedCount)
      rows.bind(layer.outputNormSum)
      rows.bind(layer.projectedOutputError)
      try rows.insert()
    }
  }

  func insertLayerSteps(_ configuration: ConfigurationResult, _ id: ConfigurationID) throws {
    var rows = try BulkInsert(
      db, into: "layer_steps",
      columns: [
        "configuration", "layer", "step", "position", "projected_output_error", "projected_output_norm",
      ])
    for layer in configuration.layers {
      for (place, step) in result.steps.enumerated() {
        rows.bind(Int(id.rawValue))
        rows.bind(layer.layer)
        rows.bind(step.index)
        rows.bind(step.position)
        rows.bind(layer.outputError(place))
        rows.bind(layer.outputNorm(place))
        try rows.insert()
      }
    }
  }
}
