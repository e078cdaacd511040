import Foundation
import Kernels
import Policies
import Testing

@testable import Simulator
@testable import Traces

/// Every policy through a whole replay.
@Suite struct RivalsReplayTests {
  static let synthetic = SyntheticTrace(
    prompt: 150, decode: 6, window: 20,
    geometry: .init(layers: 3, queryHeads: 6, kvHeads: 2, headDim: 16, valueDim: 16), hasScores: true,
    seed: 5)

  /// A profile of the same model, measured on another text.
  static func profile(in folder: TemporaryFolder) throws -> LoadedProfile {
    let other = SyntheticTrace(
      prompt: 150, decode: 6, window: 20,
      geometry: .init(layers: 3, queryHeads: 6, kvHeads: 2, headDim: 16, valueDim: 16), seed: 8)
    try other.write(to: folder.path("other.zst"))
    let profile = try Calibration(Trace(path: folder.path("other.zst"))).run(CalibrationOptions())
    return try LoadedProfile(path: folder.file(profile.encoded(), "p.json"))
  }

  static func policies() throws -> [PolicyConfiguration] {
    try PolicyGrammar.parse(
      [
        "all", "tidal:first=0,correction=2", "omnikv:filter-1=0,filter-2=0.4,filter-3=0.9", "adakv:window=8",
        "tova:sinks=2",
      ]
    ).filter { !["tidal", "omnikv"].contains($0.label) }
  }

  @Test func instructionSetAndThreadsDoNotMatter() throws {
    let folder = try TemporaryFolder()
    try Self.synthetic.write(to: folder.path("a.zst"))
    let trace = try Trace(path: folder.path("a.zst"))
    let profile = try Self.profile(in: folder)
    let configurations = try ReplayConfiguration.grid(Self.policies(), budgets: [.tokens(9), .share(0.3)])
    var digests: [[String]] = []
    for (set, threads) in InstructionSet.available.flatMap({ [($0, 1), ($0, 3)] }) {
      let result = try Replay(trace).run(
        configurations, options: ReplayOptions(threads: threads, instructionSet: set, profile: profile))
      digests.append(result.configurations.map(\.digest))
      // A policy that is no method of its own has no head that attends to nothing.
      for configuration in result.configurations {
        #expect(configuration.heads.count == 18, "\(configuration.configuration.label)")
        #expect(configuration.heads.allSatisfy { $0[.selected].allSatisfy { $0 >= 1 } })
        #expect(configuration.heads.allSatisfy { $0[.mass].allSatisfy { (0...1.000001).contains($0) } })
        #expect(configuration.traffic.count == 6)
      }
    }
    for (index, configuration) in configurations.enumerated() {
      #expect(Set(digests.map { $0[index] }).count == 1, "\(configuration.label)")
    }
  }

  /// A policy alone and among all others is told the same.
  @Test func companyDoesNotMatter() throws {
    let folder = try TemporaryFolder()
    try Self.synthetic.write(to: folder.path("a.zst"))
    let trace = try Trace(path: folder.path("a.zst"))
    let options = ReplayOptions(profile: try Self.profile(in: folder))
    let configurations = try ReplayConfiguration.grid(Self.policies(), budgets: [.tokens(9)])
    let all = try Replay(trace).run(configurations, options: options)
    for (index, configuration) in configurations.enumerated() {
      let alone = try Replay(trace).run([configuration], options: options)
      #expect(alone.configurations[0].digest == all.configurations[index].digest, "\(configuration.label)")
    }
  }

  /// One set per layer: all heads of all KV heads choose alike, which no KV head could know alone.
  @Test func aLayersHeadsChooseTogether() throws {
    let folder = try TemporaryFolder()
    try Self.synthetic.write(to: folder.path("a.zst"))
    let result = try Replay(Trace(path: folder.path("a.zst"))).run(
      ReplayConfiguration.grid(PolicyGrammar.parse(["tova"]), budgets: [.tokens(9)]), options: ReplayOptions()
    )
    for layer in 0..<3 {
      let hashes = result.configurations[0].heads.filter { $0.layer == layer }.map(\.choiceHashes)
      #expect(hashes.count == 6 && Set(hashes).count == 1)
    }
    // Reporting some heads does not change what the layer's heads choose.
    let some = try Replay(Trace(path: folder.path("a.zst"))).run(
      ReplayConfiguration.grid(PolicyGrammar.parse(["tova"]), budgets: [.tokens(9)]),
      options: ReplayOptions(heads: [4]))
    #expect(some.configurations[0].heads[0].choiceHashes == result.configurations[0].heads[4].choiceHashes)
  }

  /// Recall is of the tokens that the budget allows, precision of those that were chosen: they differ where fewer are.
  @Test func recallIsOfTheBudgetWhereFewerAreChosen() throws {
    let folder = try TemporaryFolder()
    try Self.synthetic.write(to: folder.path("a.zst"))
    let result = try Replay(Trace(path: folder.path("a.zst"))).run(
      ReplayConfiguration.grid(PolicyGrammar.parse(["infinigen:alpha=0.5"]), budgets: [.tokens(60)]),
      options: ReplayOptions())
    var fewer = 0
    for head in result.configurations[0].heads {
      for step in 0..<6 {
        let common = head[.precision, step] * head[.selected, step]
        #expect(abs(head[.recall, step] * 60 - common) < 1e-9)
        fewer += common > 0 && head[.selected, step] < 60 ? 1 : 0
      }
    }
    #expect(fewer > 0)
  }

  @Test func layersHandTheirChoiceOn() throws {
    let folder = try TemporaryFolder()
    try Self.synthetic.write(to: folder.path("a.zst"))
    let result = try Replay(Trace(path: folder.path("a.zst"))).run(
      ReplayConfiguration.grid(
        PolicyGrammar.parse(["tidal:first=1,correction=1", "oracle"]), budgets: [.tokens(9)]),
      options: ReplayOptions())
    let (tidal, oracle) = (result.configurations[0].heads, result.configurations[1].heads)
    for head in 0..<6 {
      #expect(
        tidal[head][.selected].allSatisfy { $0 > 100 } && tidal[6 + head][.selected].allSatisfy { $0 > 100 })
      #expect(tidal[12 + head].choiceHashes == oracle[6 + head].choiceHashes)
    }
  }

  @Test func notesSayWhatStandsInForThePrompt() throws {
    let folder = try TemporaryFolder()
    try Self.synthetic.write(to: folder.path("a.zst"))
    try SyntheticTrace(prompt: 50, decode: 4, window: 0, seed: 3).write(to: folder.path("none.zst"))
    try SyntheticTrace(prompt: 50, decode: 4, window: 8, hasPromptAttention: true, seed: 3).write(
      to: folder.path("both.zst"))
    func notes(_ name: String, _ policies: String = "h2o,snapkv,tova") throws -> [String] {
      try ReplayPlan(
        Trace(path: folder.path(name)),
        configurations: ReplayConfiguration.grid(
          PolicyGrammar.parse([policies]), budgets: [.tokens(9)]),
        options: ReplayOptions()
      ).notes
    }
    #expect(
      try notes("a.zst") == [
        "h2o: the trace does not hold the prompt's summed attention; that of the prompt's last 20 traced queries stands in",
        "snapkv asks for 32 prompt queries, the trace holds 20",
      ])
    #expect(try notes("both.zst") == ["snapkv asks for 32 prompt queries, the trace holds 8"])
    #expect(
      try notes("a.zst", "pyramidkv,snapkv,snapkv:window=20,r-kv").suffix(1) == [
        "pyramidkv, snapkv ask for 32 prompt queries, the trace holds 20"
      ])
    #expect(try notes("a.zst", "snapkv:window=20") == [])
    let held = "nothing of the prompt's queries is traced, so that recency stands in for their attention"
    #expect(
      try notes("none.zst") == [
        "h2o: the trace does not hold the prompt's summed attention; \(held)", "snapkv, tova: \(held)",
      ])
  }

  /// A profile of fewer layers, heads or channels is refused before a policy looks anything up in it, for one policy and for all.
  @Test(arguments: [(2, 6, 2, 16), (3, 4, 2, 16), (3, 6, 1, 16), (3, 6, 2, 8), (4, 12, 4, 32)])
  func aProfileOfAnotherShapeIsRefusedFirst(shape: (layers: Int, queryHeads: Int, kvHeads: Int, headDim: Int))
    throws
  {
    let folder = try TemporaryFolder()
    try Self.synthetic.write(to: folder.path("a.zst"))
    let trace = try Trace(path: folder.path("a.zst"))
    try SyntheticTrace(
      prompt: 60, decode: 4, window: 8,
      geometry: .init(
        layers: shape.layers, queryHeads: shape.queryHeads, kvHeads: shape.kvHeads, headDim: shape.headDim,
        valueDim: 16), seed: 8
    ).write(to: folder.path("b.zst"))
    let other = try Calibration(Trace(path: folder.path("b.zst"))).run(CalibrationOptions(windows: [16]))
    let loaded = try LoadedProfile(path: folder.file(other.encoded(), "p.json"))
    let options = ReplayOptions(profile: loaded)
    let fitness = Runnability(trace, options: options)
    let policies = try PolicyGrammar.parse(["all"])
    let error = try #require(throws: ReplayError.self) { try fitness.checkProfile(policies) }
    #expect(
      error.place.hasSuffix("p.json") && error.found.hasPrefix("one of synthetic (\(shape.layers) layers"))
    try fitness.checkProfile(PolicyGrammar.parse(["oracle"]))
    let sorted = fitness.sorted(policies)
    let calibrated = policies.filter(\.isCalibrated)
    #expect(!calibrated.isEmpty && sorted.runnable.allSatisfy { !$0.isCalibrated })
    for policy in calibrated {
      #expect(sorted.obstacles.contains("\(policy.label): \(error)"))
      let configurations = [ReplayConfiguration(policy: policy, budget: .tokens(9))]
      #expect(throws: error) { try Replay(trace).run(configurations, options: options) }
      #expect(throws: error) { try ReplayFloor(trace, configurations, options: options) }
      #expect(throws: error) {
        try ByteBudget(trace, options: options, reading: .perHead).find([policy], share: 0.3)
      }
    }
  }

  @Test func whatCannotRunIsFoundBeforehand() throws {
    let folder = try TemporaryFolder()
    try Self.synthetic.write(to: folder.path("a.zst"))
    try SyntheticTrace(prompt: 50, decode: 4, window: 0, seed: 3).write(to: folder.path("none.zst"))
    let trace = try Trace(path: folder.path("a.zst"))
    func obstacle(_ text: String, _ trace: Trace, _ options: ReplayOptions = ReplayOptions()) throws
      -> String?
    {
      Runnability(trace, options: options).obstacle(try PolicyGrammar.parse([text])[0]).map { "\($0)" }
    }
    #expect(
      try obstacle("quest", trace) == nil && obstacle("tova", trace) == nil)
    #expect(try obstacle("fasa", trace, ReplayOptions(selfCalibrates: true)) == nil)
    for name in ["fasa", "loki"] {
      #expect(try obstacle(name, trace)?.hasPrefix("\(name): expected a profile of synthetic") == true)
      #expect(try obstacle(name, trace, ReplayOptions(profile: Self.profile(in: folder))) == nil)
    }
    // Calibrated at K = 256 alone, which serves that budget and no other.
    let budgets = Runnability(trace, options: ReplayOptions(profile: try Self.profile(in: folder)))
    let fasa = try PolicyGrammar.parse(["fasa:ca-window=budget"])
    #expect(budgets.sorted(fasa, budgets: [.tokens(256)]).obstacles.isEmpty)
    #expect(
      budgets.sorted(fasa, budgets: [.tokens(256), .tokens(9)]).obstacles.first?.hasPrefix(
        "fasa: ca-window=budget: expected layer 0 calibrated at K = the budget") == true)
    #expect(try obstacle("tidal:first=0,correction=1", trace) == nil)
    #expect(
      try obstacle("tidal:first=0,correction=1", trace, ReplayOptions(layers: [1, 2])) == nil)
    #expect(
      try obstacle("tidal:first=0,correction=1", trace, ReplayOptions(layers: [2]))?.hasPrefix(
        "tidal: layer 2: expected layer 1, whose choice it uses") == true)
    #expect(
      try obstacle("infinigen", Trace(path: folder.path("none.zst")))
        == "infinigen: expected traced queries of the prompt, found none in the trace; capture it with an observation window"
    )
  }
}
