import Attention
import Policies
import Testing
import Traces

@testable import Simulator

@Suite struct ReplayPlanTests {
  let folder: TemporaryFolder
  let trace: Trace

  init() throws {
    folder = try TemporaryFolder()
    trace = try HandTrace(prompt: 40, decode: 36).trace(in: folder)
  }

  func plan(_ options: ReplayOptions = ReplayOptions(), _ policy: String = "oracle", of other: Trace? = nil)
    throws
    -> ReplayPlan
  {
    let configurations = try ReplayConfiguration.grid(PolicyGrammar.parse([policy]), budgets: [.tokens(4)])
    return try ReplayPlan(other ?? trace, configurations: configurations, options: options)
  }

  func message(_ options: ReplayOptions, _ policy: String = "oracle", of other: Trace? = nil) throws -> String
  {
    try #require(throws: ReplayError.self) { try plan(options, policy, of: other) }.description
  }

  @Test func everythingUnlessAsked() throws {
    let plan = try plan()
    #expect(plan.layers == [0, 1])
    #expect(plan.heads == Array(0..<6))
    #expect(plan.rows == Array(8..<44))
    #expect(plan.kvHeads == [0, 1])
    #expect(plan.notes.isEmpty && !plan.usesProfile)
  }

  @Test func whatIsAskedInOrderAndOnce() throws {
    let plan = try plan(ReplayOptions(layers: [1, 1], heads: [5, 3, 5], steps: 2..<4))
    #expect(plan.layers == [1])
    #expect(plan.heads == [3, 5])
    #expect(plan.kvHeads == [1])
    #expect(plan.rows == [10, 11])
  }

  /// The kernels hold a row on their stack: a larger head is an error, never a trap.
  @Test func headsThatTheKernelsCannotHoldAreRefused() throws {
    let wide = SyntheticTrace(
      prompt: 4, decode: 2, window: 1,
      geometry: .init(layers: 1, queryHeads: 1, kvHeads: 1, headDim: 16, valueDim: 1025))
    try wide.write(to: folder.path("wide.zst"))
    let other = try Trace(path: folder.path("wide.zst"))
    let error = ReplayError(
      other.path, expected: "heads of at most 1024 channels, which these kernels hold", found: "1025",
      advice: "replay another model")
    #expect(throws: error) { try plan(of: other) }
    #expect(throws: error) { try Calibration(other).run(CalibrationOptions()) }
    #expect(throws: error) { try TraceGroups(other).checkHeads() }
  }

  @Test func whatTheTraceLacksIsNamed() throws {
    let path = trace.path
    #expect(
      try message(ReplayOptions(layers: [0, 7, 9]))
        == "\(path): expected layers among its 0-1, found 7,9; choose among those")
    #expect(
      try message(ReplayOptions(heads: [6]))
        == "\(path): expected query heads among its 0-5, found 6; choose among those")
    #expect(
      try message(ReplayOptions(steps: 30..<37))
        == "\(path): expected steps among its decode steps 0-35, found 30-36; choose among those")
    #expect(throws: ReplayError.self) { try ReplayPlan.layers(NumberRanges([2]), of: trace) }
    #expect(throws: ReplayError.self) { try ReplayPlan.heads(NumberRanges([5, 6]), of: trace) }
    #expect(try ReplayPlan.layers(NumberRanges([1]), of: trace) == [1])
    #expect(try ReplayPlan.heads(NumberRanges([5, 0]), of: trace) == [0, 5])
    #expect(try ReplayPlan.layers(nil, of: trace) == nil)
  }

  @Test func aTraceOfThePromptAloneHasNothingToReplay() throws {
    let prompt = try HandTrace(prompt: 40, decode: 0).trace(in: folder, name: "p.zst")
    let message = try message(ReplayOptions(), of: prompt)
    #expect(message.hasPrefix("\(prompt.path): expected decode steps, at or above the prompt's 40 tokens"))
    #expect(message.hasSuffix("found none among the traced queries; capture it with decode steps"))
    let error = try #require(throws: ReplayError.self) { try Calibration(prompt).run(CalibrationOptions()) }
    #expect(error.expected == "decode steps to calibrate on" && error.found == "none")
  }

  /// 8 prompt queries and 24 decode steps are the 32 earliest.
  @Test(arguments: ["fasa", "oracle", "oracle,fasa,h2o"]) func whatCalibratesIsScoredForNoPolicy(
    policy: String
  ) throws {
    let own = ReplayOptions(selfCalibrates: true)
    let plan = try plan(own, policy)
    #expect(plan.calibrationRows == Array(0..<32))
    #expect(plan.rows == Array(32..<44) && plan.scoredSteps == 24..<36)
    let note =
      "calibrated on this trace's own 32 earliest traced queries, and 24 decode steps among them are scored for no policy"
    #expect(plan.notes.contains(note) && plan.calibrationNotes == [note])
    let fasa = ReplayConfiguration(policy: PolicyConfiguration(FASA.self), budget: .tokens(4))
    #expect(plan.calibrationUse(fasa) == CalibrationUse(profileDigest: nil, texts: ["numbers"]))
    #expect(
      try message(ReplayOptions(steps: 0..<24, selfCalibrates: true), policy)
        == "\(trace.path): expected a decode step to score after its own 32 earliest queries, which calibrate, found none; ask for later steps, or give a profile in place of self-calibration"
    )
    #expect(try self.plan(ReplayOptions(steps: 20..<30, selfCalibrates: true), policy).rows == Array(32..<38))
  }

  /// Not told to calibrate on itself, a trace scores every step and refuses what it cannot serve.
  @Test func withoutAProfileFASAIsRefused() throws {
    #expect(try plan(ReplayOptions(), "oracle").rows == Array(8..<44))
    let advice = "calibrate on another text of the model and give that profile"
    let own =
      "\(trace.path): fasa: expected a profile of by hand, found none given or bundled; \(advice), or self-calibrate, which takes the trace's own earliest queries and scores none of them"
    #expect(try message(ReplayOptions(), "oracle,fasa") == own)
    #expect(
      try message(ReplayOptions(), "pyramidkv:base=fasa")
        == own.replacing("fasa: expected", with: "pyramidkv:base=fasa: expected"))
    #expect(
      try message(ReplayOptions(), "loki")
        == "\(trace.path): loki: expected a profile of by hand with head statistics, found none given or bundled; \(advice)"
    )
    #expect(
      try message(ReplayOptions(selfCalibrates: true), "loki")
        == "\(trace.path): loki: expected a profile, for its head statistics, found self-calibration, which has none; leave one of the two out"
    )
    // Every chunk needs no ranking.
    #expect(try plan(ReplayOptions(), "fasa:chunks=100%").rows == Array(8..<44))
  }

  @Test func aWindowOfPromptQueriesLeavesEveryStepScored() throws {
    let windowed = try HandTrace(prompt: 40, decode: 4, window: 32).trace(in: folder, name: "w.zst")
    let plan = try plan(ReplayOptions(selfCalibrates: true), "fasa", of: windowed)
    #expect(plan.rows == Array(32..<36))
    #expect(
      plan.notes == ["calibrated on this trace's own 32 earliest traced queries, none of which is scored"])
  }

  /// The digest of a self-calibrated replay is that of one with the same rows measured beforehand.
  @Test func selfCalibrationIsACalibrationOnThoseRows() throws {
    let configurations = try ReplayConfiguration.grid(
      PolicyGrammar.parse(["fasa:chunks=2"]), budgets: [.tokens(6)])
    let own = try Replay(trace).run(configurations, options: ReplayOptions(selfCalibrates: true))
    var profile = try Calibration(trace).run(CalibrationOptions(rows: Array(0..<32)))
    profile.texts[0].sha256 = String(repeating: "cd", count: 32)
    let loaded = try LoadedProfile(path: folder.file(profile.encoded(), "own.json"))
    let given = try Replay(trace).run(configurations, options: ReplayOptions(steps: 24..<36, profile: loaded))
    #expect(own.exactResultsDigest == given.exactResultsDigest)
  }

  @Test func aBudgetGivenTwiceIsRefused() throws {
    let policies = try PolicyGrammar.parse(["dense", "oracle", "fasa"])
    let error = try #require(throws: ReplayError.self) {
      try ReplayConfiguration.grid(policies, budgets: [.tokens(4), .share(0.5), .tokens(4)])
    }
    #expect(error.description == "budget 4: expected each budget once, found it twice; leave one out")
    let grid = try ReplayConfiguration.grid(policies, budgets: [.tokens(4), .share(0.5)])
    #expect(grid.map(\.label) == ["dense", "oracle @ 4", "oracle @ 0.5", "fasa @ 4", "fasa @ 0.5"])
  }
}
