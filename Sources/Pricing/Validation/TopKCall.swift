import Attention

/// One measured call of a top-k by itself: the best of each row's scores.
package struct TopKCall: Sendable, Equatable {
  /// That are chosen from apart from each other: sequences × queries or heads.
  package var rows: Double
  /// Scores of a row.
  package var candidates: Double

  package init(rows: Double, candidates: Double) {
    self.rows = rows
    self.candidates = candidates
  }

  /// What the stage takes within a step; launches and latency are of all its kernels, and left out.
  package func microseconds(_ model: CostModel) -> Double {
    var load = StepLoad()
    load.chooses = true
    load.rows = rows
    load.candidates = rows * candidates
    return model.time(load, batch: 1).nanoseconds(.stage(.select)) / 1000
  }
}
