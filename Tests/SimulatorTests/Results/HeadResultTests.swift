import Testing

@testable import Simulator

@Suite struct HeadResultTests {
  @Test func metricsAndStepsAreKeptApart() {
    var head = HeadResult(layer: 1, queryHead: 2, kvHead: 0, stepCount: 3)
    #expect(Metric.allCases.allSatisfy { head[$0].count == 3 && head[$0].allSatisfy(\.isNaN) })
    for (index, metric) in Metric.allCases.enumerated() {
      for step in 0..<3 { head[metric, step] = Double(10 * index + step) }
    }
    for (index, metric) in Metric.allCases.enumerated() {
      #expect(Array(head[metric]) == [0, 1, 2].map { Double(10 * index + $0) })
      #expect(head.summary(metric).mean == Double(10 * index + 1))
    }
  }

  /// An infinity would be every mean's it is part of, and JSON has none.
  @Test(arguments: [Double.infinity, -.infinity, .nan]) func whatIsNoNumberIsUndefined(value: Double) {
    var head = HeadResult(layer: 0, queryHead: 0, kvHead: 0, stepCount: 2)
    head[.outputError, 0] = value
    head[.outputError, 1] = 3
    #expect(head[.outputError, 0].isNaN)
    let summary = head.summary(.outputError)
    #expect(summary.count == 1 && summary.mean == 3 && summary.p95 == 3)
  }

  /// A step weighs by the norm of its output: (0.5 · 4 + 2 · 1) / (4 + 1), and 1.25 were they alike.
  @Test func errorsWeighByTheOutputsNorms() {
    var head = HeadResult(layer: 0, queryHead: 0, kvHead: 0, stepCount: 4)
    #expect(head.weightedOutputError.isNaN && head.outputNormSum == 0)
    for (step, (error, norm)) in [(0.5, 4.0), (2, 1), (.nan, 8), (0, 0)].enumerated() {
      head[.outputError, step] = error
      head.outputNorms[step] = norm
    }
    #expect(head.outputNormSum == 5 && head.weightedOutputError == 0.8)
    // Where the error is undefined nothing is weighed.
    #expect(head.outputNorm(0) == 4 && head.outputNorm(2).isNaN && head.outputNorm(3) == 0)
  }

  /// A small output wrong by twice itself, whose mean error is a hundred times the weighted one.
  @Test func aSmallOutputSaysLittle() {
    var head = HeadResult(layer: 0, queryHead: 0, kvHead: 0, stepCount: 2)
    for (step, (error, norm)) in [(0.0, 1023.0), (2, 1)].enumerated() {
      head[.outputError, step] = error
      head.outputNorms[step] = norm
    }
    #expect(head.summary(.outputError).mean == 1 && head.weightedOutputError == 1.0 / 512)
  }

  @Test func namesAreThoseOfTheColumns() {
    #expect(
      Metric.allCases.map(\.name) == [
        "recall", "precision", "mass", "oracle_mass", "mass_ratio", "output_error", "oracle_output_error",
        "selected", "visible", "group_union", "jaccard_previous",
      ])
  }
}
