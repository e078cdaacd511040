import Attention
import Foundation
import GRDB
import Policies
import Simulator
import TestSupport
import Testing
import Traces

@testable import Results

/// What each step's sums tell is what the rows of its heads tell.
struct StepSumsTests {
  private static func result(_ policies: [String]) throws -> ReplayResult {
    let folder = try TemporaryFolder()
    let path = folder.path("t.zst")
    try SyntheticTrace(prompt: 60, decode: 20, window: 4, seed: 3).write(to: path)
    return try Replay(Trace(path: path)).run(
      ReplayConfiguration.grid(PolicyGrammar.parse(policies), budgets: [.tokens(8)]),
      options: ReplayOptions())
  }

  private static func store(_ result: ReplayResult, _ detail: ResultsStore.Detail) throws -> ResultsStore {
    let store = try ResultsStore.inMemory()
    try store.store(result, run: store.beginRun(Samples.run), detail: detail)
    return store
  }

  /// To the bit: intervals are of draws that are seeded by the figures.
  @Test func aComparisonIsTheSameByEither() throws {
    let result = try Self.result(["oracle", "random", "quest:page=4"])
    let (sums, both, rows) = (
      try Self.store(result, .head), try Self.store(result, .step), try Self.store(result, .step)
    )
    try rows.write { try $0.execute(sql: "DELETE FROM step_sums") }
    for (a, b) in [("oracle", "random"), ("quest:page=4", "random")] {
      let found = try sums.pairedDifferences(a, b)
      #expect(found.differences.count >= 4 && found.differences.allSatisfy { $0.interval != nil })
      for other in [both, rows] {
        #expect(try other.pairedDifferences(a, b).differences == found.differences)
      }
    }
    #expect(try sums.pairedRuns(1, 1).pairs.flatMap(\.differences).allSatisfy { $0.interval != nil })
  }

  @Test func extremesAreTheSameByEither() throws {
    let result = try Self.result(["oracle", "random"])
    let (sums, rows) = (try Self.store(result, .head), try Self.store(result, .step))
    let (mine, others) = (
      try sums.pairedDifferences("oracle", "random").extremes,
      try rows.pairedDifferences("oracle", "random").extremes
    )
    #expect(
      mine.map(\.metric) == others.map(\.metric) && mine.allSatisfy { $0.steps.count == Extremes.count })
    for (one, other) in zip(mine, others) {
      let pairs = zip(one.layers + one.heads + one.steps, other.layers + other.heads + other.steps)
      for (place, expected) in pairs {
        #expect(place.layer == expected.layer && place.queryHead == expected.queryHead)
        #expect(place.step == expected.step && place.position == expected.position)
        #expect(abs(place.a - expected.a) < 1e-12 && abs(place.b - expected.b) < 1e-12)
      }
    }
  }

  @Test(arguments: WorstPlaces.Order.allCases) func theWorstStepsAreThoseOfTheRows(order: WorstPlaces.Order)
    throws
  {
    let store = try Self.store(try Self.result(["random"]), .step)
    let found = try store.worstPlaces(of: "random", by: order, most: 100)[0].steps
    #expect(found.count == 20)
    for place in found {
      let row = try store.read { db in
        try Row.fetchOne(
          db,
          sql: """
            SELECT avg(recall) AS recall, avg(mass) AS mass, avg(output_error) AS error,
              sum(output_error * output_norm) / sum(output_norm) AS weighted FROM steps WHERE step = ? AND position = ?
            """, arguments: [place.step, place.position])
      }
      let pairs = [
        (place.recall, "recall"), (place.mass, "mass"), (place.outputError, "error"),
        (place.weightedOutputError, "weighted"),
      ]
      for (value, name) in pairs { #expect(abs((value ?? 9) - (row?[name] ?? -9)) < 1e-12, "\(name)") }
    }
  }

  /// Steps of one side by head, of the other by sums.
  @Test func sidesOfTwoDetailsAreCompared() throws {
    let (first, second) = (try Self.result(["oracle"]), try Self.result(["random"]))
    let mixed = try Self.store(first, .step)
    try mixed.store(second, run: mixed.beginRun(Samples.run), detail: .head)
    let whole = try Self.store(try Self.result(["oracle", "random"]), .step)
    #expect(
      try mixed.pairedDifferences("oracle", "random").differences
        == whole.pairedDifferences("oracle", "random").differences)
  }

  /// Sums of other heads cannot be paired: that metric has its mean alone, the others their intervals.
  @Test(arguments: [ResultsStore.Detail.head, .step])
  func whatOneSideAloneDefinesIsPairedByRowsAlone(detail: ResultsStore.Detail) throws {
    func side(_ policy: String, undefined: Int?) throws -> ConfigurationResult {
      let heads = [0, 1].map { head in
        Samples.head(queryHead: head, steps: 9) { metric, step in
          metric == .outputError && head == 1 && step == undefined ? .nan : Double(head + step) / 16
        }
      }
      return try Samples.configuration(policy, heads: heads)
    }
    let store = try ResultsStore.inMemory()
    try store.store(
      Samples.result(steps: 9, [try side("fasa", undefined: 3), try side("oracle", undefined: nil)]),
      run: store.beginRun(Samples.run), detail: detail)
    let found = try store.pairedDifferences("fasa", "oracle")
    #expect(found.differences.map(\.metric) == ["recall", "mass", "output_error", "weighted_output_error"])
    #expect(
      found.differences.map { $0.interval != nil } == [true, true, detail == .step, detail == .step])
  }

  @Test func whatIsUndefinedEverywhereIsRefused() throws {
    let store = try ResultsStore.inMemory()
    let heads = [Samples.head { _, _ in .nan }]
    try store.add(
      try Samples.configuration("fasa", heads: heads), try Samples.configuration("oracle", heads: heads))
    let error = #expect(throws: ResultsError.self) { try store.pairedDifferences("fasa", "oracle") }
    #expect(error?.expected.contains("recall is defined on both sides") == true)
  }
}
