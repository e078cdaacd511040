import Foundation
import Policies
import Simulator
import Testing
import Traces

@testable import Results

/// Which stored configurations a comparison takes.
@Suite struct ComparedSidesTests {
  private func store(_ texts: [String], _ budgets: [Budget], detail: ResultsStore.Detail) throws
    -> ResultsStore
  {
    let folder = FileManager.default.temporaryDirectory.appending(path: "compared-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "t.zst").path(percentEncoded: false)
    try SyntheticTrace(prompt: 60, decode: 20, window: 4, seed: 3).write(to: path)
    let result = try Replay(Trace(path: path)).run(
      ReplayConfiguration.grid(PolicyGrammar.parse(texts), budgets: budgets), options: ReplayOptions())
    let store = try ResultsStore(path: ":memory:")
    let run = try store.beginRun(
      RunInfo(
        commandLine: "test", toolVersion: "0", gitCommit: nil, hostCPU: "none", instructionSet: .portable,
        threads: 1,
        startedAt: Date(timeIntervalSince1970: 0)))
    try store.store(result, run: run, detail: detail)
    return store
  }

  @Test func meansAreThoseOfTheSteps() throws {
    let store = try store(["oracle", "random"], [.tokens(8)], detail: .step)
    let (traces, differences) = try store.pairedDifferences("oracle", "random")
    #expect(traces == ["none"] && differences.map(\.metric) == ["recall", "mass", "output_error"])
    let recall = differences[0]
    #expect(recall.meanA == 1 && recall.meanB < 0.5 && recall.high < 0 && recall.low <= recall.difference)
    let rows = try store.summaries()
    #expect(abs(recall.meanB - (rows[1].recall ?? 0)) < 1e-12)
    #expect(abs(differences[1].meanA - (rows[0].mass ?? 0)) < 1e-12)
    // The other way round it is the other sign.
    #expect(
      try store.pairedDifferences("random@8", "oracle @ 8").differences[0].difference == -recall.difference)
  }

  @Test func aSideMustBeOneWithItsSteps() throws {
    let two = try store(["oracle", "random"], [.tokens(8), .tokens(9)], detail: .step)
    #expect(throws: ResultsError.self) { try two.pairedDifferences("oracle", "random") }
    #expect(try two.pairedDifferences("oracle@8", "random@9").differences.count == 3)
    #expect(throws: ResultsError.self) { try two.pairedDifferences("oracle@8", "quest@8") }
    let heads = try store(["oracle", "random"], [.tokens(8)], detail: .head)
    #expect(throws: ResultsError.self) { try heads.pairedDifferences("oracle", "random") }
  }
}
