import Attention
import Policies
import Testing

@testable import Simulator
@testable import Traces

/// Scoring some of the steps must not give a policy another past.
@Suite struct WarmUpTests {
  let folder: TemporaryFolder
  let trace: Trace

  init() throws {
    folder = try TemporaryFolder()
    try SyntheticTrace(
      prompt: 90, decode: 70, window: 20,
      geometry: .init(layers: 3, queryHeads: 6, kvHeads: 2, headDim: 16, valueDim: 16), hasScores: true,
      seed: 5
    ).write(to: folder.path("a.zst"))
    trace = try Trace(path: folder.path("a.zst"))
  }

  private func run(_ policies: [PolicyConfiguration], _ options: ReplayOptions) throws -> ReplayResult {
    try Replay(trace).run(ReplayConfiguration.grid(policies, budgets: [.tokens(12)]), options: options)
  }

  private func work(_ result: ConfigurationResult) -> Work {
    result.traffic.reduce(into: Work()) { $0.merge($1.work) }
  }

  /// Every policy chooses at a step what it chooses there in a whole walk, and the bytes of two parts are those of both.
  @Test func aLaterPartIsThatPartOfTheWholeWalk() throws {
    let profile = try RivalsReplayTests.profile(in: folder)
    let policies =
      try RivalsReplayTests.policies() + PolicyGrammar.parse(["pyramidkv:base=h2o", "pyramidkv:base=fasa"])
    let whole = try run(policies, ReplayOptions(profile: profile))
    let first = try run(policies, ReplayOptions(steps: 0..<41, profile: profile))
    let last = try run(policies, ReplayOptions(steps: 41..<70, profile: profile))
    #expect(last.steps == Array(whole.steps[41..<70]) && last.dense[0].work != whole.dense[0].work)
    for index in whole.configurations.indices {
      let (all, part) = (whole.configurations[index], last.configurations[index])
      let label: Comment = "\(all.configuration.label)"
      for (left, right) in zip(all.heads, part.heads) {
        #expect(Array(left.choiceHashes[41...]) == right.choiceHashes, label)
        #expect(Array(left[.mass].dropFirst(41)) == Array(right[.mass]), label)
      }
      var both = work(first.configurations[index])
      both.merge(work(part))
      #expect(both == work(all), label)
      #expect(all.traffic.map(\.residentDeviceBytes) == part.traffic.map(\.residentDeviceBytes), label)
    }
  }

  /// A calibration on the trace takes the earliest queries from what is scored, not from what policies live through; and who
  /// stands beside a policy changes nothing.
  @Test func calibratingRowsAreLivedThrough() throws {
    let alone = try run(PolicyGrammar.parse(["h2o,tova"]), ReplayOptions())
    let own = ReplayOptions(selfCalibrates: true)
    let beside = try run(PolicyGrammar.parse(["h2o,tova,fasa"]), own)
    #expect(beside.steps == Array(alone.steps[12...]))
    let others = try run(PolicyGrammar.parse(["h2o,tova"]), own)
    #expect(others.steps == beside.steps)
    #expect(others.configurations.map(\.digest) == beside.configurations.prefix(2).map(\.digest))
    for (left, right) in zip(alone.configurations, beside.configurations) {
      for (mine, theirs) in zip(left.heads, right.heads) {
        #expect(Array(mine.choiceHashes[12...]) == theirs.choiceHashes, "\(left.configuration.label)")
      }
    }
  }

  /// Who remembers nothing walks nothing more.
  @Test func onlyWhatKeepsStateIsWarmedUp() throws {
    func warmUp(_ text: String) throws -> [Int] {
      try ReplayPlan(
        trace, configurations: ReplayConfiguration.grid(PolicyGrammar.parse([text]), budgets: [.tokens(4)]),
        options: ReplayOptions(steps: 3..<5)
      ).warmUpRows
    }
    #expect(try warmUp("oracle,quest,streaming-llm:sinks=1") == [20, 21, 22])
    #expect(try warmUp("oracle,quest,twilight,sparq") == [])
    #expect(try warmUp("arkvale") == [20, 21, 22] && warmUp("rocketkv") == [20, 21, 22])
  }

  /// Counts what it was asked for.
  private struct Counting: LayerPolicy {
    static let descriptor = PolicyDescriptor(
      name: "counting", summary: "", kind: .selection, scope: .layer)
    private var steps = 0

    init(parameters: ParameterValues, group: GroupContext) {}

    mutating func choose(layer blocks: [QueryBlock]) -> [Selections?] {
      steps += blocks.first?.steps.count ?? 0
      return blocks.map { _ in nil }
    }

    func residentExtraBytes(tokens: Int) -> (device: Int, host: Int) { (0, steps) }
  }

  /// What a layer's policy keeps is what it keeps after the walk, not before it.
  @Test func aLayersPolicyIsAskedAfterTheWalk() throws {
    let result = try run([PolicyConfiguration(Counting.self)], ReplayOptions(steps: 30..<70))
    #expect(result.configurations[0].traffic.map(\.residentHostBytes) == Array(repeating: 70, count: 6))
  }

  /// New tokens are written to where the cache lies.
  @Test func aHostCacheIsAppendedToOnTheHost() throws {
    let result = try run(PolicyGrammar.parse(["infllm", "streaming-llm"]), ReplayOptions())
    for (configuration, tier) in zip(result.configurations, [MemoryTier.host, .device]) {
      let bytes = work(configuration).bytes[TrafficKind(.values, .stream, tier: tier)]
      // 3 layers, 2 KV heads, 70 rows of 16 values of 2 bytes.
      #expect(bytes?.written == 6 * 70 * 32)
    }
  }
}
