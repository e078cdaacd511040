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

  typealias Stage = KernelSample.Stage

  static let cases: [(policy: String, bytes: [Stage: Int])] = [
    ("dense", [.dense: kvBytes, .attend: kvBytes]),
    ("random", [.dense: kvBytes, .attend: 2 * 6 * 32]),
    ("streaming-llm", [.dense: kvBytes, .attend: 2 * 6 * 32]),
    // All keys once for the group, a row of scores for each of its 2 heads.
    (
      "oracle",
      [.dense: kvBytes, .score: 31 * 16 + 2 * 31 * 4, .select: 2 * 31 * 4, .attend: 2 * 6 * 32]
    ),
    // A chunk is 2 channels of 2 bytes for each head.
    (
      "fasa:chunks=1",
      [
        .dense: kvBytes, .upkeep: 2 * 4, .score: 2 * 2 * 31 * 2 + 2 * 31 * 4, .select: 2 * 31 * 4,
        .attend: 2 * 6 * 32,
      ]
    ),
    // One copy of all 8 channels serves both heads.
    (
      "fasa:chunks=1,layout=planes",
      [
        .dense: kvBytes, .upkeep: 8 * 2, .score: 2 * 2 * 31 * 2 + 2 * 31 * 4, .select: 2 * 31 * 4,
        .attend: 2 * 6 * 32,
      ]
    ),
    // Nothing extra is kept, and whole rows are read.
    (
      "fasa:chunks=1,layout=rows",
      [.dense: kvBytes, .score: 31 * 16 + 2 * 31 * 4, .select: 2 * 31 * 4, .attend: 2 * 6 * 32]
    ),
    (
      "fasa:chunks=1,scope=group",
      [
        .dense: kvBytes, .upkeep: 2 * 4, .score: 2 * 2 * 31 * 2 + 2 * 31 * 4, .select: 2 * 31 * 4,
        .attend: 2 * 6 * 32,
      ]
    ),
  ]

  static func timed() throws -> (exact: ReplayResult, timed: ReplayResult) {
    let folder = try TemporaryFolder()
    let trace = try hand.trace(in: folder)
    let profile = try NaiveProfile(NaiveReplay(trace: hand), rows: [5]).loaded(in: folder)
    let configurations = try ReplayConfiguration.grid(
      PolicyGrammar.parse(cases.map(\.policy)), budgets: [.tokens(6)])
    let exact = try Replay(trace).run(configurations, options: ReplayOptions(profile: profile))
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
      #expect(Set(byStage.keys) == Set(bytes.keys), "\(policy)")
      for (stage, samples) in byStage {
        let place: Comment = "\(policy), \(stage)"
        #expect(samples.count >= Self.samples, place)
        #expect(samples.map(\.repeatIndex) == Array(0..<samples.count), place)
        #expect(samples.allSatisfy { $0.nanoseconds >= 0 }, place)
        // Every group of every layer has its turn, and moves as much as any other.
        #expect(Set(samples.map(\.bytes)) == [try #require(bytes[stage])], place)
        #expect(samples.map(\.layer).contains(0) && samples.map(\.kvHead).contains(1), place)
      }
    }
  }

  @Test func timesAreNoResults() throws {
    let (exact, timed) = try Self.timed()
    #expect(timed.exactResultsDigest == exact.exactResultsDigest)
    #expect(timed.configurations.map(\.digest) == exact.configurations.map(\.digest))
    #expect(timed.configurations.map(\.heads) == exact.configurations.map(\.heads))
  }
}
