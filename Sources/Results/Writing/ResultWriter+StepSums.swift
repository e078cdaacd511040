import GRDB
import Simulator

/// What each decode step comes to over layers and query heads.
extension ResultWriter {
  func hasStepSums(_ id: ConfigurationID) throws -> Bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM step_sums WHERE configuration = ?)"
    return try Bool.fetchOne(db, sql: sql, arguments: [id.rawValue]) ?? false
  }

  func insertStepSums(_ configuration: ConfigurationResult, _ id: ConfigurationID) throws {
    var rows = try BulkInsert(
      db, into: "step_sums",
      columns: [
        "configuration", "step", "position", "recall_count", "recall_sum", "mass_count", "mass_sum",
        "output_error_count", "output_error_sum", "output_difference_sum", "output_norm_sum",
        "projected_output_error_count", "projected_output_difference_sum", "projected_output_norm_sum",
      ])
    let heads = HeadSums(configuration.heads, steps: result.steps.count)
    let layers = LayerSums(configuration.layers, steps: result.steps.count)
    for (place, step) in result.steps.enumerated() {
      rows.bind(Int(id.rawValue))
      rows.bind(step.index)
      rows.bind(step.position)
      for sum in [heads.recall[place], heads.mass[place], heads.outputError[place]] {
        rows.bind(sum.count)
        rows.bind(sum.value)
      }
      rows.bind(heads.difference[place].value)
      rows.bind(heads.norm[place].value)
      rows.bind(layers.difference[place].count)
      rows.bind(layers.difference[place].value)
      rows.bind(layers.norm[place].value)
      try rows.insert()
    }
  }
}

/// A sum of what is defined, and of how many.
private struct DefinedSum {
  private(set) var count = 0
  private var sum = 0.0

  /// NaN for nothing.
  var value: Double { count > 0 ? sum : .nan }

  static func += (sum: inout DefinedSum, value: Double) {
    guard value.isFinite else { return }
    sum.count += 1
    sum.sum += value
  }
}

/// By step, over heads in the order of their results, as SQL sums the rows of `steps`: the sums are the same bits.
private struct HeadSums {
  var recall, mass, outputError, difference, norm: [DefinedSum]

  init(_ heads: [HeadResult], steps: Int) {
    let none = Array(repeating: DefinedSum(), count: steps)
    (recall, mass, outputError, difference, norm) = (none, none, none, none, none)
    for head in heads {
      for step in 0..<steps {
        recall[step] += head[.recall, step]
        mass[step] += head[.mass, step]
        outputError[step] += head[.outputError, step]
        difference[step] += head[.outputError, step] * head.outputNorm(step)
        norm[step] += head.outputNorm(step)
      }
    }
  }
}

private struct LayerSums {
  var difference, norm: [DefinedSum]

  init(_ layers: [LayerResult], steps: Int) {
    let none = Array(repeating: DefinedSum(), count: steps)
    (difference, norm) = (none, none)
    for layer in layers {
      for step in 0..<steps {
        difference[step] += layer.outputError(step) * layer.outputNorm(step)
        norm[step] += layer.outputNorm(step)
      }
    }
  }
}
