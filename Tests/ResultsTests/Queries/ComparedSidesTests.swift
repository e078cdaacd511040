import Attention
import Foundation
import Policies
import Simulator
import Testing
import Traces

@testable import Results

/// Which stored configurations a comparison takes.
@Suite struct ComparedSidesTests {
  /// - Parameter parts: each a seed of a trace, options and policies, replayed one after the other.
  private func store(
    _ parts: [(seed: UInt64, options: ReplayOptions, policies: [String])], _ budgets: [Budget],
    detail: ResultsStore.Detail = .step
  ) throws -> ResultsStore {
    let folder = FileManager.default.temporaryDirectory.appending(path: "compared-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let store = try ResultsStore(path: ":memory:")
    let run = try store.beginRun(
      RunInfo(
        commandLine: "test", toolVersion: "0", gitCommit: nil, hostCPU: "none", instructionSet: .portable,
        threads: 1,
        startedAt: Date(timeIntervalSince1970: 0)))
    for part in parts {
      let path = folder.appending(path: "t\(part.seed).zst").path(percentEncoded: false)
      try SyntheticTrace(prompt: 60, decode: 20, window: 4, seed: part.seed).write(to: path)
      let result = try Replay(Trace(path: path)).run(
        ReplayConfiguration.grid(PolicyGrammar.parse(part.policies), budgets: budgets), options: part.options)
      try store.store(result, run: run, detail: detail)
    }
    return store
  }

  private func store(_ texts: [String], _ budgets: [Budget], detail: ResultsStore.Detail = .step) throws
    -> ResultsStore
  {
    try store([(3, ReplayOptions(), texts)], budgets, detail: detail)
  }

  @Test func meansAreThoseOfTheSteps() throws {
    let store = try store(["oracle", "random"], [.tokens(8)], detail: .step)
    let found = try store.pairedDifferences("oracle", "random")
    let differences = found.differences
    #expect(
      found.traces == ["none"] && differences.map(\.metric) == ComparedMetric.all.map(\.name).dropLast())
    let recall = differences[0]
    #expect(recall.meanA == 1 && recall.meanB < 0.5)
    let interval = try #require(recall.interval)
    #expect(interval.upperBound < 0 && interval.contains(recall.difference))
    // One text says nothing of others.
    #expect(recall.p == nil && recall.adjustedP == nil && recall.perTrace == [recall.difference])
    let rows = try store.summaries()
    #expect(abs(recall.meanB - (rows[1].recall ?? 0)) < 1e-12)
    #expect(abs(differences[1].meanA - (rows[0].mass ?? 0)) < 1e-12)
    #expect(abs(differences[3].meanB - (rows[1].weightedOutputError ?? 0)) < 1e-12)
    // The other way round it is the other sign.
    #expect(
      try store.pairedDifferences("random@8", "oracle @ 8").differences[0].difference == -recall.difference)
  }

  @Test func aSideMustBeOne() throws {
    let two = try store(["oracle", "random"], [.tokens(8), .tokens(9)], detail: .step)
    #expect(throws: ResultsError.self) { try two.pairedDifferences("oracle", "random") }
    #expect(try two.pairedDifferences("oracle@8", "random@9").differences.count == 4)
    #expect(
      try two.pairedDifferences("oracle@8", "random@9").settings == [.init(name: "budget", a: "8", b: "9")])
    #expect(throws: ResultsError.self) { try two.pairedDifferences("oracle@8", "quest@8") }
    let error = #expect(throws: ResultsError.self) { try two.pairedDifferences("orcle@8", "random@8") }
    #expect(error?.advice == "did you mean 'oracle@8'?")
  }

  /// A policy's name is all that is stored of it; a label with a budget is that label.
  @Test(arguments: [
    (["streaming-llm"], 4), (["streaming-llm@8"], 1), (["streaming-llm:sinks=2@8,streaming-llm@9"], 2),
    (["streaming-llm:sinks=2,random"], 6), (["configuration:1"], 1), (["random", "random@8"], 4),
    (["random:sinks=2,recent=4"], 2), (["random:sinks=2,recent=4@8,random@8"], 2),
    (["random@heads:0-5@layers:0-1,configuration:2"], 5),
  ])
  func namesStandForWhatIsStored(names: [String], count: Int) throws {
    let store = try store(
      ["streaming-llm", "streaming-llm:sinks=2", "random", "random:sinks=2,recent=4"],
      [.tokens(8), .tokens(9)])
    #expect(try store.configurations(named: names).count == count)
  }

  @Test func withoutStepsTheMeansAreCompared() throws {
    let (heads, steps) = (
      try store(["oracle", "random"], [.tokens(8)], detail: .head),
      try store(["oracle", "random"], [.tokens(8)])
    )
    try heads.forgetSteps()
    let (means, whole) = (
      try heads.pairedDifferences("oracle", "random"), try steps.pairedDifferences("oracle", "random")
    )
    #expect(means.differences.map(\.metric) == whole.differences.map(\.metric))
    for (mean, other) in zip(means.differences, whole.differences) {
      #expect(abs(mean.difference - other.difference) < 1e-9 && mean.interval == nil && mean.p == nil)
      #expect(other.interval != nil)
    }
    #expect(means.bytes == whole.bytes && means.extremes.isEmpty)
  }

  /// Of fewer texts each one's own difference is told, and no p.
  @Test(arguments: [2, 4, 5]) func aPIsOfFiveTextsOrMore(texts: Int) throws {
    let parts = (1...texts).map { (UInt64($0), ReplayOptions(), ["oracle", "random"]) }
    let found = try store(parts, [.tokens(8)]).pairedDifferences("oracle", "random").differences[0]
    #expect(found.perTrace.count == texts && Set(found.perTrace).count == texts)
    #expect(abs(found.perTrace.mean - found.difference) < 1e-12 && found.interval != nil)
    #expect((found.p != nil) == (texts >= 5) && (found.adjustedP != nil) == (texts >= 5))
  }

  @Test func qualifiersTellPartsOfATraceApart() throws {
    let store = try store(
      [(3, ReplayOptions(), ["oracle", "random"]), (3, ReplayOptions(layers: [1]), ["oracle", "random"])],
      [.tokens(8)])
    let error = #expect(throws: ResultsError.self) {
      try store.pairedDifferences("oracle", "random@layers:1")
    }
    let names = ["oracle@8@layers:0-1", "oracle@8@layers:1"]
    #expect(error?.advice == "name one of them: \(names.joined(separator: ", "))")
    for name in names {
      let other = name.replacing("oracle", with: "random")
      #expect(try store.pairedDifferences(name, other).differences.count == 4)
    }
    #expect(throws: ResultsError.self) { try store.pairedDifferences("oracle@layers:7", "random@layers:1") }
  }

  /// Sides of other traces, layers, heads or steps are not paired in part: what differs is named.
  @Test func whatIsNotTheSameOnBothSidesIsRefused() throws {
    func found(_ options: ReplayOptions, seed: UInt64 = 3) throws -> String? {
      let store = try store(
        [(3, ReplayOptions(), ["oracle"]), (seed, options, ["random"])], [.tokens(8)])
      do {
        _ = try store.pairedDifferences("oracle", "random")
        return nil
      } catch let error as ResultsError { return "\(error.expected) | \(error.found)" }
    }
    #expect(try found(ReplayOptions()) == nil)
    #expect(
      try found(ReplayOptions(layers: [1]))
        == "the same layers on both sides | 0-1 for oracle and 1 for random on 'none'")
    #expect(
      try found(ReplayOptions(heads: [2, 3]))
        == "the same query heads on both sides | 0-5 for oracle and 2-3 for random on 'none'")
    #expect(
      try found(ReplayOptions(steps: 0..<9))
        == "the same steps on both sides | 0-19 for oracle and 0-8 for random on 'none'")
    #expect(
      try found(ReplayOptions(), seed: 4) == "the same traces on both sides | 'none' for oracle alone")
  }

  /// A trace that one side alone was replayed on would be left out unseen.
  @Test func aTraceMoreOnOneSideIsRefused() throws {
    let store = try store(
      [(3, ReplayOptions(), ["oracle", "random"]), (4, ReplayOptions(), ["random"])], [.tokens(8)])
    let error = #expect(throws: ResultsError.self) { try store.pairedDifferences("oracle", "random") }
    #expect(error?.found == "'none' for random alone")
  }

  @Test func whatDiffersBesideThePolicyIsNamed() throws {
    let store = try store(
      [
        "quest:page=8,dense-layers=1", "quest:page=16,dense-layers=0", "streaming-llm",
        "pyramidkv:base=streaming-llm",
      ],
      [.tokens(8)])
    let quests = try store.pairedDifferences("quest:page=8,dense-layers=1", "quest:dense-layers=0")
    #expect(
      quests.settings == [.init(name: "dense-layers", a: "1", b: "0"), .init(name: "page", a: "8", b: "16")])
    #expect(quests.footing == [.init(name: "dense-layers", a: "1", b: "0")])
    let other = try store.pairedDifferences("quest:dense-layers=0", "streaming-llm")
    // What one policy has alone, as a page's size, is how the two differ.
    #expect(other.settings == [.init(name: "sinks", a: "0", b: "4")])
    #expect(other.footing == [.init(name: "sinks", a: "0", b: "4")])
    // A combinator keeps the sinks of what it wraps.
    #expect(try store.pairedDifferences("streaming-llm", "pyramidkv:base=streaming-llm").footing == [])
  }
}
