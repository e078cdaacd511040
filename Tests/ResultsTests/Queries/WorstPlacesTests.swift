import Attention
import Foundation
import GRDB
import Policies
import Simulator
import Testing
import Traces

@testable import Results

/// Where a configuration does worst, and what budget each layer needs, against the rows themselves.
@Suite struct WorstPlacesTests {
  private func store(_ policies: [String], _ budgets: [Budget], detail: ResultsStore.Detail) throws
    -> ResultsStore
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: "places-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "t.zst").path(percentEncoded: false)
    try SyntheticTrace(prompt: 60, decode: 20, window: 4, seed: 3).write(to: path)
    let store = try ResultsStore(path: ":memory:")
    let result = try Replay(Trace(path: path)).run(
      ReplayConfiguration.grid(PolicyGrammar.parse(policies), budgets: budgets), options: ReplayOptions())
    try store.store(result, run: store.beginRun(Samples.run), detail: detail)
    return store
  }

  @Test(arguments: WorstPlaces.Order.allCases) func theWorstComeFirst(order: WorstPlaces.Order) throws {
    let store = try store(["random"], [.tokens(8)], detail: .step)
    let found = try #require(store.worstPlaces(of: "random@8", by: order, most: 1000).first)
    #expect(found.layers.count == 2 && found.heads.count == 12 && found.steps.count == 20)
    for places in [found.layers, found.heads, found.steps] {
      let values = places.compactMap { place -> Double? in
        switch order {
        case .outputError: place.outputError
        case .weightedError: place.weightedOutputError
        case .recall: place.recall.map { -$0 }
        case .mass: place.mass.map { -$0 }
        }
      }
      #expect(values.count == places.count && values == values.sorted(by: >))
    }
    #expect(Set(found.steps.compactMap(\.step)) == Set(0..<20))
    #expect(found.steps.allSatisfy { ($0.position ?? 0) - ($0.step ?? 0) == 60 })
    #expect(try store.worstPlaces(of: "random", by: order, most: 3)[0].heads == Array(found.heads.prefix(3)))
  }

  /// Each place's means by the rows of its steps.
  @Test func placesAreMeansOfTheirSteps() throws {
    let store = try store(["quest:page=4"], [.tokens(8)], detail: .step)
    let found = try #require(store.worstPlaces(of: "quest:page=4", by: .outputError, most: 1000).first)
    for place in found.layers + found.heads {
      try store.read { db in
        let rows = try Row.fetchAll(
          db, sql: "SELECT * FROM steps WHERE layer = ?1 AND (?2 IS NULL OR query_head = ?2)",
          arguments: [place.layer, place.queryHead])
        let errors: [Double] = rows.compactMap { $0["output_error"] }
        let recalls: [Double] = rows.compactMap { $0["recall"] }
        #expect(abs(errors.mean - (place.outputError ?? -1)) < 1e-12)
        #expect(abs(recalls.mean - (place.recall ?? -1)) < 1e-12)
      }
    }
  }

  /// A head whose error is undefined at a step takes neither the step nor its layer from the list.
  @Test func undefinedErrorsHideNoPlace() throws {
    let store = try store(["random"], [.tokens(8)], detail: .step)
    for (layer, head) in [(0, 0), (1, 5)] {
      try store.write { db in
        try db.execute(
          sql: "UPDATE steps SET output_error = NULL WHERE layer = ? AND query_head = ? AND step % 2 = 0",
          arguments: [layer, head])
      }
    }
    let found = try store.worstPlaces(of: "random", by: .outputError, most: 1000)[0]
    #expect(found.steps.count == 20 && found.layers.count == 2 && found.heads.count == 12)
  }

  @Test func withoutStepsThereAreLayersAndHeads() throws {
    let store = try store(["random"], [.tokens(8)], detail: .head)
    #expect(try store.worstPlaces(of: "random", by: .recall, most: 2)[0].steps.count == 2)
    try store.forgetSteps()
    let found = try store.worstPlaces(of: "random", by: .recall, most: 2)
    #expect(found[0].layers.count == 2 && found[0].heads.count == 2 && found[0].steps.isEmpty)
  }

  @Test func aLayersBudgetIsTheSmallestThatMeetsTheTarget() throws {
    let budgets = [2, 4, 8, 16, 32, 64].map(Budget.tokens)
    let store = try store(["oracle"], budgets, detail: .head)
    let errors = try store.read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT layer, CAST(budget AS INTEGER) AS budget, avg(output_error_mean) AS error FROM head_summaries
          JOIN configurations ON id = configuration GROUP BY layer, budget
          """
      ).map { (layer: $0["layer"] as Int, budget: $0["budget"] as Int, error: $0["error"] as Double) }
    }
    for target in [0.05, 0.2, 0.5] {
      let found = try store.layerBudgets(of: "oracle", target: target)[0]
      #expect(found.budgets == ["2", "4", "8", "16", "32", "64"] && found.layers.map(\.layer) == [0, 1])
      for layer in found.layers {
        let least = errors.filter { $0.layer == layer.layer && $0.error <= target }.map(\.budget).min()
        #expect(layer.budget == least.map(String.init))
      }
      let uniform = found.layers.compactMap(\.tokens).max()
      #expect(found.uniformTokens == uniform && (found.meanTokens ?? 0) <= (uniform ?? 0))
    }
  }

  @Test func aPolicyWithoutABudgetHasNoneByLayer() throws {
    let store = try store(["twilight"], [.tokens(8)], detail: .head)
    let error = #expect(throws: ResultsError.self) { try store.layerBudgets(of: "twilight", target: 0.9) }
    #expect(error?.expected == "a policy that takes a budget")
  }

  @Test func aTargetThatNoBudgetMeetsIsToldWithTheNearest() throws {
    let found = try store(["random"], [.tokens(2), .tokens(4)], detail: .head)
      .layerBudgets(of: "random", target: 1e-6)[0]
    #expect(found.layers.allSatisfy { $0.budget == nil && ($0.outputError ?? 0) > 1e-6 })
    #expect(found.meanTokens == nil && found.uniformTokens == nil)
  }
}
