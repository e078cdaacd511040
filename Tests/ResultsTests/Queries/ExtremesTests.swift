import Attention
import Policies
import Simulator
import Testing

@testable import Results

/// Where two configurations differ most, and whole runs side by side.
@Suite struct ExtremesTests {
  let store: ResultsStore

  init() throws { store = try ResultsStore.inMemory() }

  /// Two layers of two heads, ten steps; `error` by layer, head and step, everything else 0.5.
  private func side(_ policy: String, budget: Budget = .tokens(4), error: (Int, Int, Int) -> Double) throws
    -> ConfigurationResult
  {
    var heads: [HeadResult] = []
    for layer in 0..<2 {
      for head in 0..<2 {
        heads.append(
          Samples.head(layer: layer, queryHead: head, steps: 10) { metric, step in
            metric == .outputError ? error(layer, head, step) : 0.5
          })
      }
    }
    return try Samples.configuration(policy, budget: budget, heads: heads)
  }

  private func add(
    _ configurations: [ConfigurationResult], trace: Character = "f", detail: ResultsStore.Detail = .step
  )
    throws
  {
    try store.store(
      Samples.result(trace: trace, layers: [0, 1], steps: 10, configurations),
      run: store.beginRun(Samples.run), detail: detail)
  }

  @Test func theLargestDifferencesComeFirst() throws {
    try add([
      side("fasa") { _, _, _ in 0.25 },
      // Layer 1's head 0 is 0.5 worse, and step 7 a little better everywhere.
      side("oracle") { (layer: Int, head: Int, step: Int) -> Double in
        let error: Double = layer == 1 && head == 0 ? 0.75 : 0.25
        return step == 7 ? error - 0.125 : error
      },
    ])
    let found = try store.pairedDifferences("fasa", "oracle").extremes
    #expect(found.map(\.metric) == ["output_error", "recall"])
    let error = found[0]
    #expect(error.layers.map(\.layer) == [1, 0])
    #expect(abs(error.layers[0].difference - (0.25 - 0.0125)) < 1e-12)
    #expect(error.heads[0].layer == 1 && error.heads[0].queryHead == 0)
    #expect(abs(error.heads[0].difference - (0.5 - 0.0125)) < 1e-12)
    #expect(error.heads.count == 4 && error.steps.count == Extremes.count)
    // Nine steps differ by 0.125 and step 7 by nothing: ties come in order.
    #expect(error.steps.map(\.step) == [0, 1, 2, 3, 4])
    #expect(error.steps.map(\.position) == [9, 10, 11, 12, 13] && error.layers[0].position == nil)
    #expect(error.steps[0].trace == "A Text" && error.layers[0].trace == nil && error.layers[0].model == nil)
    #expect(found[1].layers.isEmpty)
  }

  @Test func layersOfAModelAreAveragedOverTexts() throws {
    for (trace, error) in [("a", 0.5), ("b", 1.0)] as [(Character, Double)] {
      try add([side("fasa") { _, _, _ in 0.25 }, side("oracle") { _, _, _ in error }], trace: trace)
    }
    let found = try store.pairedDifferences("fasa", "oracle").extremes[0]
    #expect(found.layers.map(\.difference) == [0.5, 0.5])
    #expect(found.steps.map(\.difference) == Array(repeating: 0.75, count: 5))
  }

  @Test func runsArePairedByLabelAndTrace() throws {
    try add([side("fasa") { _, _, _ in 0.25 }, side("random") { _, _, _ in 0.75 }])
    try store.store(
      Samples.result(
        seed: 1, layers: [0, 1], steps: 10,
        [
          side("fasa") { _, _, _ in 0.5 }, side("fasa", budget: .tokens(5)) { _, _, _ in 0.5 },
        ]), run: store.beginRun(Samples.run), detail: .step)
    let found = try store.pairedRuns(1, 2)
    #expect(found.pairs.map(\.a) == ["fasa @ 4"])
    #expect(found.pairs[0].differences.map(\.difference) == [0, 0, 0.25, 0.25])
    #expect(found.pairs[0].settings == [.init(name: "seed", a: "0", b: "1")])
    #expect(found.unpairedA == ["random @ 4, 'A Text' (layers 0-1, heads 0-1, steps 0-9)"])
    #expect(found.unpairedB == ["fasa @ 5, 'A Text' (layers 0-1, heads 0-1, steps 0-9)"])
    #expect(found.withoutSteps.isEmpty && found.pairs[0].differences[2].interval == 0.25...0.25)
    let quick = try store.pairedRuns(1, 2, places: false)
    #expect(found.pairs[0].extremes.count == 2 && quick.pairs[0].extremes.isEmpty)
    #expect(quick.pairs.map(\.differences) == found.pairs.map(\.differences))
  }

  @Test func runsWithoutStepsHaveMeansAlone() throws {
    try add([side("fasa") { _, _, _ in 0.25 }], detail: .head)
    try store.store(
      Samples.result(seed: 1, layers: [0, 1], steps: 10, [side("fasa") { _, _, _ in 0.5 }]),
      run: store.beginRun(Samples.run), detail: .head)
    #expect(try store.pairedRuns(1, 2).withoutSteps == [])
    try store.forgetSteps()
    let found = try store.pairedRuns(1, 2)
    #expect(found.withoutSteps == ["fasa @ 4"])
    #expect(found.pairs[0].differences.last?.difference == 0.25)
    #expect(found.pairs[0].differences.allSatisfy { $0.interval == nil && $0.adjustedP == nil })
  }

  @Test func anUnknownRunAndRunsApartAreRefused() throws {
    try add([side("fasa") { _, _, _ in 0.25 }])
    try add([side("fasa") { _, _, _ in 0.25 }], trace: "0")
    let unknown = #expect(throws: ResultsError.self) { try store.pairedRuns(1, 9) }
    #expect(unknown?.kind == .unknownRun && unknown?.part == "run:9")
    let apart = #expect(throws: ResultsError.self) { try store.pairedRuns(1, 2) }
    #expect(apart?.found == "none among 1 and 1")
  }

  @Test(arguments: [
    ("run:3", ComparisonSubject.run(3)), ("fasa@256", .label("fasa@256")), ("run:x", .label("run:x")),
    ("run", .label("run")),
  ])
  func subjectsAreLabelsOrRuns(text: String, subject: ComparisonSubject) {
    #expect(ComparisonSubject(text) == subject && subject.description == text)
  }
}
