import GRDB
import Simulator
import Testing

@testable import Results

/// Errors of whole layers after their output projection, against numbers worked by hand.
struct ProjectedErrorTests {
  private static let steps = 16

  /// Of a layer whose outputs have the norms 1, 2, 3 … and err by `share` of it, the last step undefined.
  private static func layer(_ number: Int, _ share: Double) -> LayerResult {
    let norms = (1...steps).map(Double.init)
    return LayerResult(
      layer: number, differenceNorms: norms.map { $0 * share },
      outputNorms: norms.dropLast() + [.infinity])
  }

  private static func configuration(_ policy: String, _ shares: [Double]) throws -> ConfigurationResult {
    let heads = [0, 1].map { layer in Samples.head(layer: layer, steps: steps) { _, _ in 0.5 } }
    return try Samples.configuration(
      policy, heads: heads, layers: shares.enumerated().map { layer($0.offset, $0.element) })
  }

  private func store(_ configurations: [ConfigurationResult], detail: ResultsStore.Detail = .step) throws
    -> ResultsStore
  {
    let store = try ResultsStore.inMemory()
    try store.store(
      Samples.result(layers: [0, 1], steps: Self.steps, configurations),
      run: try store.beginRun(Samples.run), detail: detail)
    return store
  }

  /// Both layers weigh alike here: (0.25 + 0.75) / 2.
  @Test func layersWeighByTheirNorms() throws {
    let store = try store([try Self.configuration("fasa", [0.25, 0.75])])
    #expect(try store.summaries()[0].projectedOutputError == 0.5)
    let (quality, layers, summaries, steps) = try store.read { db in
      (
        try Double.fetchOne(db, sql: "SELECT projected_output_error FROM quality"),
        try Row.fetchAll(db, sql: "SELECT * FROM layer_quality ORDER BY layer"),
        try Row.fetchAll(db, sql: "SELECT * FROM layer_summaries ORDER BY layer"),
        try Row.fetchAll(db, sql: "SELECT * FROM layer_steps WHERE layer = 1 ORDER BY step")
      )
    }
    #expect(quality == 0.5)
    #expect(layers.map { $0["projected_output_error"] } == [0.25, 0.75])
    #expect(layers.map { $0["projected_output_norm_sum"] } == [120.0, 120.0])
    #expect(summaries.map { $0["projected_output_error_count"] } == [15, 15])
    #expect(steps.count == 16 && steps.map { $0["position"] as Int } == Array(9..<25))
    #expect(steps[0]["projected_output_error"] == 0.75 && steps[2]["projected_output_norm"] == 3.0)
    #expect(steps[15]["projected_output_error"] == nil && steps[15]["projected_output_norm"] == nil)
  }

  @Test func whereThereIsNoneNothingIsSaid() throws {
    let store = try store([try Self.configuration("fasa", [])])
    #expect(try store.summaries()[0].projectedOutputError == nil)
    #expect(try store.summaries()[0].weightedOutputError == 0.5)
    let (rows, layers) = try store.read { db in
      (
        try Int.fetchOne(db, sql: "SELECT count(*) FROM layer_summaries"),
        try Row.fetchAll(db, sql: "SELECT * FROM layer_quality")
      )
    }
    #expect(rows == 0 && layers.count == 2)
    #expect(layers.allSatisfy { $0["projected_output_error"] == nil && $0["output_error"] == 0.5 })
    let shown = try #require(try store.report().configurations.first)
    #expect(shown.projectedOutputError == Report.Estimate(nil))
  }

  @Test func twoSidesAreCompared() throws {
    let sides = [
      try Self.configuration("fasa", [0.25, 0.75]), try Self.configuration("oracle", [0.25, 0.25]),
      try Self.configuration("random", []),
    ]
    let found = try store(sides).pairedDifferences("fasa", "oracle").differences
    #expect(found.map(\.metric) == ComparedMetric.all.map(\.name))
    let last = try #require(found.last)
    #expect(last.meanA == 0.5 && last.meanB == 0.25 && last.difference == -0.25)
    // Every step's ratio is the same, whatever is drawn.
    #expect(last.interval == -0.25 ... -0.25)
    let without = try store(sides).pairedDifferences("fasa", "random").differences
    #expect(without.map(\.metric) == ComparedMetric.all.map(\.name).dropLast())
    // Without steps the means alone.
    let old = try store(sides, detail: .head)
    try old.forgetSteps()
    let whole = try old.pairedRuns(1, 1).pairs
    #expect(whole.map { $0.differences.last?.metric }.filter { $0 == "projected_output_error" }.count == 2)
    #expect(whole[0].differences.last?.meanA == 0.5)
  }

  @Test func aReportHasItsInterval() throws {
    let norms = (1...Self.steps).map(Double.init)
    let layer = LayerResult(
      layer: 0, differenceNorms: norms.map { $0 <= 8 ? 0 : $0 }, outputNorms: norms)
    let heads = [Samples.head(steps: Self.steps) { _, _ in 0.5 }]
    func row(_ detail: ResultsStore.Detail, isOld: Bool = false) throws -> Report.Configuration {
      let store = try ResultsStore.inMemory()
      try store.store(
        Samples.result(steps: Self.steps, [try Samples.configuration(heads: heads, layers: [layer])]),
        run: try store.beginRun(Samples.run), detail: detail)
      if isOld { try store.forgetSteps() }
      return try #require(try store.report().configurations.first)
    }
    let stepped = try row(.step).projectedOutputError
    #expect(stepped.value == Report.Estimate(100.0 / 136).value)
    let (low, high) = (try #require(stepped.low), try #require(stepped.high))
    #expect(low > 0.2 && low < 0.65 && high > 0.8 && high <= 1)
    #expect(try row(.head).projectedOutputError == stepped)
    // Else the spread of the layers, of which there is one.
    let spread = try row(.head, isOld: true).projectedOutputError
    #expect(spread.low == spread.value && spread.high == spread.value)
  }

  /// A configuration that was stored without its steps gets them, those of its layers too.
  @Test func stepsAreAddedLater() throws {
    let configuration = try Self.configuration("fasa", [0.5, 0.5])
    let store = try store([configuration], detail: .head)
    func count() throws -> Int? {
      try store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM layer_steps") }
    }
    #expect(try count() == 0)
    let result = Samples.result(layers: [0, 1], steps: Self.steps, [configuration])
    for _ in 0..<2 {
      try store.store(result, run: try store.beginRun(Samples.run), detail: .step)
      #expect(try count() == 32)
    }
  }
}
