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

  @Test func namesAreThoseOfTheColumns() {
    #expect(
      Metric.allCases.map(\.name) == [
        "recall", "precision", "mass", "oracle_mass", "mass_ratio", "output_error", "oracle_output_error",
        "selected", "visible", "group_union", "jaccard_previous",
      ])
  }
}
