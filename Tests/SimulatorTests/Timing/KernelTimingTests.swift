import Attention
import Policies
import Testing
import Traces

@testable import Simulator

/// What is timed, and the bytes that it moves; never how long it takes.
@Suite struct KernelTimingTests {
  static let samples = 5
  /// 2 KV heads of 2 query heads, 31 tokens at the last step, rows of 16 + 16 bytes.
  static let hand = HandTrace(
    prompt: 28, decode: 3, window: 4,
    geometry: .init(layers: 2, queryHeads: 4, kvHeads: 2, headDim: 8, valueDim: 8),
    rope: .init(pairing: .half, base: 10_000, rotaryDim: 8))
  static let kvBytes = 31 * 32

  /// Stages of a policy beside dense attention, with their bytes where a hand can count them: unions of chosen rows are
  /// counted elsewhere.
  static let cases: [(policy: String, bytes: [Stage: Int?])] = [
    ("dense", [.attend: kvBytes]),
    ("random", [.attend: nil]),
    // Both heads keep the same 6 rows.
    ("streaming-llm", [.attend: 6 * 32]),
    // All keys once for the group, a row of scores for each of its 2 heads.
    ("oracle", [.score: 31 * 16 + 2 * 31 * 4, .select: 2 * 31 * 4, .attend: nil]),
    // A chunk is 2 channels of 2 bytes for each head.
    (
      "fasa:chunks=1",
      [.upkeep: 2 * 4, .score: 2 * 2 * 31 * 2 + 2 * 31 * 4, .select: 2 * 31 * 4, .attend: nil]
    ),
    // One copy of all 8 channels serves both heads.
    (
      "fasa:chunks=1,layout=planes",
      [.upkeep: 8 * 2, .score: 2 * 2 * 31 * 2 + 2 * 31 * 4, .select: 2 * 31 * 4, .attend: nil]
    ),
    // Nothing extra is kept.
    (
      "fasa:chunks=1,layout=rows",
      [.score: 2 * 2 * 31 * 2 + 2 * 31 * 4, .select: 2 * 31 * 4, .attend: nil]
    ),
    (
      "fasa:chunks=1,scope=group",
      [.upkeep: 2 * 4, .score: 2 * 2 * 31 * 2 + 2 * 31 * 4, .select: 2 * 31 * 4, .attend: nil]
    ),
    // 2 pages of 16, each with its highest and lowest key.
    (
      "quest:page=16,dense-layers=0",
      [.upkeep: 2 * 16, .score: 2 * 2 * 16 + 2 * 2 * 4, .select: 2 * 2 * 4, .attend: nil]
    ),
    // An accumulated weight for each token and head.
    ("h2o", [.upkeep: 2 * 2 * 6 * 4, .attend: nil]),
  ]

  static func timed() throws -> (exact: ReplayResult, timed: ReplayResult) {
    let folder = try TemporaryFolder()
    let trace = try hand.trace(in: folder)
    let profile = try NaiveProfile(NaiveReplay(trace: hand), rows: [5]).loaded(in: folder)
    let configurations = try ReplayConfiguration.grid(
      PolicyGrammar.parse(cases.map(\.policy)), budgets: [.tokens(6)])
    let exact = try Replay(trace).run(configurations, options: ReplayOptions(steps: 2..<3, profile: profile))
    return (exact, try KernelTiming(trace, samples: samples).run(exact))
  }

  @Test func everyStageIsSampledWithItsBytes() throws {
    let (exact, timed) = try Self.timed()
    #expect(exact.configurations.allSatisfy { $0.kernelSamples.isEmpty })
    #expect(exact.readBandwidth == nil)
    #expect(try #require(timed.readBandwidth) > 0)
    for (configuration, (policy, bytes)) in zip(timed.configurations, Self.cases) {
      let found = configuration.kernelSamples
      let byStage = Dictionary(grouping: found, by: \.stage)
      #expect(Set(byStage.keys) == Set(bytes.keys.map(Optional.some)).union([nil]), "\(policy)")
      for (stage, samples) in byStage {
        let place: Comment = "\(policy), \(stage)"
        #expect(samples.count >= Self.samples, place)
        #expect(samples.map(\.repeatIndex) == Array(0..<samples.count), place)
        #expect(samples.allSatisfy { $0.nanoseconds >= 0 && $0.bytes > 0 }, place)
        // Every group of every layer has its turn.
        #expect(samples.map(\.layer).contains(0) && samples.map(\.kvHead).contains(1), place)
        if let counted = stage.map({ bytes[$0] ?? nil }) ?? Self.kvBytes {
          #expect(Set(samples.map(\.bytes)) == [counted], place)
        }
      }
    }
  }

  /// Whatever a policy does, there is a kernel that does it; the mean step is timed, so that what happens now and then is in it.
  @Test func everyPolicyIsTimed() throws {
    let folder = try TemporaryFolder()
    try RivalsReplayTests.synthetic.write(to: folder.path("a.zst"))
    let trace = try Trace(path: folder.path("a.zst"))
    let configurations = try ReplayConfiguration.grid(
      RivalsReplayTests.policies(), budgets: [.tokens(9)])
    let exact = try Replay(trace).run(
      configurations, options: ReplayOptions(profile: RivalsReplayTests.profile(in: folder)))
    let timed = try KernelTiming(trace, samples: 1).run(exact)
    for configuration in timed.configurations {
      let label: Comment = "\(configuration.configuration.label)"
      let stages = Set(configuration.kernelSamples.map(\.stage))
      #expect(stages.isSuperset(of: [nil, .attend]), label)
      // What was counted is timed, stage by stage.
      let counted = Set(
        configuration.traffic.flatMap { $0.work.meanStep(of: 6) }.map { Optional($0.operation.stage) })
      #expect(stages == counted.union([nil]), label)
    }
  }

  @Test func timesAreNoResults() throws {
    let (exact, timed) = try Self.timed()
    #expect(timed.exactResultsDigest == exact.exactResultsDigest)
    #expect(timed.configurations.map(\.digest) == exact.configurations.map(\.digest))
    #expect(timed.configurations.map(\.heads) == exact.configurations.map(\.heads))
  }
}
