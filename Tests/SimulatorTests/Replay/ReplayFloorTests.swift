import Attention
import Machine
import Policies
import Testing
import Traces

@testable import Simulator

/// The floor of a replay, counted by hand.
@Suite struct ReplayFloorTests {
  let folder: TemporaryFolder
  let trace: Trace
  /// 2 layers, 6 query heads, 16 channels, 3 decode steps that see 101, 102 and 103 tokens.
  let visible = 2 * 6 * (101 + 102 + 103)

  init() throws {
    folder = try TemporaryFolder()
    trace = try HandTrace(prompt: 100, decode: 3, window: 40).trace(in: folder)
  }

  private func floor(_ policies: String, budgets: [Budget]) throws -> ReplayFloor {
    let configurations = try ReplayConfiguration.grid(PolicyGrammar.parse([policies]), budgets: budgets)
    return try ReplayFloor(trace, configurations, options: ReplayOptions(selfCalibrates: true))
  }

  @Test func scoresAndOutputsAreMultipliedOnce() throws {
    let oracle = try floor("oracle", budgets: [.tokens(8)])
    #expect(oracle.operations == 2 * visible * (16 + 16))
    #expect(oracle.scoreBytes == 4 * visible)
    // Random tokens need no scores of their own, but the oracle's to be judged by.
    #expect(try floor("oracle,random", budgets: [.tokens(8)]) == oracle)
    // Dense attention is chosen without a read.
    #expect(try floor("dense", budgets: [.tokens(8)]).scoreBytes == 0)
  }

  @Test func aPolicysOwnScoresAndChoicesCount() throws {
    // A quarter of 8 chunks is 4 channels; two budgets are two choices from each of two sets of scores.
    let both = try floor("oracle,fasa", budgets: [.tokens(8), .tokens(16)])
    #expect(both.operations == 2 * visible * (16 + 16 + 4))
    #expect(both.scoreBytes == 4 * 4 * visible)
  }

  /// Policies with head statistics are made as the replay makes them.
  @Test func calibratedPoliciesHaveAFloor() throws {
    let other = try HandTrace(prompt: 90, decode: 4, window: 20, seed: 7).trace(in: folder, name: "o.zst")
    var measured = try Calibration(other).run(CalibrationOptions())
    measured.texts[0].sha256 = String(repeating: "cd", count: 32)
    let loaded = try LoadedProfile(path: folder.file(measured.encoded(), "p.json"))
    let configurations = try ReplayConfiguration.grid(
      PolicyGrammar.parse(["oracle,loki,triattention"]), budgets: [.tokens(8)])
    let found = try ReplayFloor(trace, configurations, options: ReplayOptions(profile: loaded))
    #expect(found.operations >= 2 * visible * (16 + 16))
  }

  @Test func secondsAreOperationsAndReadsAtThePeak() throws {
    let floor = try floor("oracle", budgets: [.tokens(8)])
    let level = Roofline.Level(name: "memory", workingSetBytes: 1 << 30, readBytesPerSecond: Quantity([4e6]))
    let roofline = Roofline(
      instructionSet: .portable, threads: 1, levels: [level], operationsPerSecond: Quantity([1e9]))
    let expected = Double(64 * visible) / 1e9 + Double(4 * visible) / 4e6
    #expect(abs(floor.seconds(on: roofline) - expected) < 1e-12)
  }
}
