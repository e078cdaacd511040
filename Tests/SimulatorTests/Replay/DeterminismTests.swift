import Foundation
import Kernels
import Policies
import Testing

@testable import Simulator
@testable import Traces

/// The same trace and configurations give the same bits.
@Suite struct DeterminismTests {
  static let policies = [
    "dense", "oracle", "oracle-mass:p=0.8", "random:recent=2", "streaming-llm", "fasa:chunks=2",
    "fasa:chunks=3,scope=group",
  ]

  /// On a trace that calibrates itself where no profile is given.
  static func run(_ trace: Trace, _ options: ReplayOptions = ReplayOptions()) throws -> ReplayResult {
    var options = options
    options.selfCalibrates = options.profile == nil
    return try Replay(trace).run(
      ReplayConfiguration.grid(PolicyGrammar.parse(policies), budgets: [.tokens(9), .share(0.3)]),
      options: options)
  }

  /// Non-integers, a ragged number of tokens, and more query rows than FASA calibrates itself on.
  static let synthetic = SyntheticTrace(
    prompt: 263, decode: 6, window: 30,
    geometry: .init(layers: 2, queryHeads: 6, kvHeads: 2, headDim: 16, valueDim: 16), seed: 5)

  @Test func instructionSetThreadsAndContainerDoNotMatter() throws {
    let folder = try TemporaryFolder()
    try Self.synthetic.write(to: folder.path("a.zst"))
    try Self.synthetic.write(to: folder.path("a.safetensors"), form: .safetensors)
    let seekable = try Data(contentsOf: URL(filePath: folder.path("a.zst")))
    _ = try folder.file(Self.withoutSeekTable(seekable), "plain.zst")
    let traces = try ["a.zst", "a.safetensors", "plain.zst"].map { try Trace(path: folder.path($0)) }
    #expect(traces.map(\.container) == [.seekableZstd, .safetensors, .zstd])
    var digests: Set<String> = []
    var configurationDigests: Set<[String]> = []
    // Beside the digest, of which they are no part.
    var weighted: Set<[UInt64]> = []
    var runs = traces.map { ($0, InstructionSet.best, 2) }
    for set in InstructionSet.available { for threads in 1...3 { runs.append((traces[0], set, threads)) } }
    for (trace, set, threads) in runs {
      let result = try Self.run(trace, ReplayOptions(threads: threads, instructionSet: set))
      digests.insert(result.exactResultsDigest)
      configurationDigests.insert(result.configurations.map(\.digest))
      weighted.insert(
        result.configurations.flatMap(\.heads).map(\.weightedOutputError.bitPattern)
          + result.configurations.flatMap(\.heads).flatMap(\.outputNorms).map(\.bitPattern))
    }
    #expect(weighted.count == 1)
    #expect(digests.count == 1)
    #expect(configurationDigests.count == 1)
    #expect(try Set(#require(configurationDigests.first)).count == 12, "configurations of one digest")
  }

  /// A seek table is a skippable frame behind all others.
  private static func withoutSeekTable(_ data: Data) throws -> Data {
    let magic = Data([0x5E, 0x2A, 0x4D, 0x18])
    return data[..<(try #require(data.range(of: magic, options: .backwards)).lowerBound)]
  }

  /// From the first value that any policy reads to the last.
  @Test(arguments: [0, 1, 2]) func anotherBitIsAnotherDigest(tensor: Int) throws {
    let folder = try TemporaryFolder()
    var hand = HandTrace(prompt: 40, decode: 8, window: 32)
    let before = try Self.run(hand.trace(in: folder, name: "a.zst"))
    switch tensor {
    case 0: hand.keys[1][1][33][7] += 1
    case 1: hand.values[0][1][0][15] += 1
    default: hand.queries[1][5][39][3] -= 1
    }
    let after = try Self.run(hand.trace(in: folder, name: "b.zst"))
    #expect(before.exactResultsDigest != after.exactResultsDigest)
    for (left, right) in zip(before.configurations, after.configurations)
    where left.configuration.label != "dense" {
      #expect(left.digest != right.digest, "\(left.configuration.label)")
    }
  }

  @Test func theSeedEntersOnlyWhatIsRandom() throws {
    let folder = try TemporaryFolder()
    let trace = try HandTrace(prompt: 40, decode: 8, window: 32).trace(in: folder)
    let results = try [0, 1].map { try Self.run(trace, ReplayOptions(seed: $0)) }
    for (left, right) in zip(results[0].configurations, results[1].configurations) {
      let isRandom = left.configuration.policy.descriptor.name == "random"
      #expect((left.digest == right.digest) == !isRandom, "\(left.configuration.label)")
    }
  }

  /// Steps are scored in blocks; where a block begins decides nothing.
  @Test func aPartOfTheStepsGivesThePartOfTheResults() throws {
    let folder = try TemporaryFolder()
    let trace = try HandTrace(prompt: 40, decode: 80).trace(in: folder)
    let profile = try NaiveProfile(NaiveReplay(trace: HandTrace(prompt: 40, decode: 80)), rows: [8])
      .loaded(in: folder)
    let whole = try Self.run(trace, ReplayOptions(profile: profile))
    for steps in [0..<1, 3..<70, 60..<80] {
      let part = try Self.run(trace, ReplayOptions(steps: steps, profile: profile))
      #expect(part.steps == Array(whole.steps[steps]))
      for (left, right) in zip(whole.configurations, part.configurations) {
        for (mine, theirs) in zip(left.heads, right.heads) {
          #expect(Array(mine.choiceHashes[steps]) == theirs.choiceHashes)
          #expect(Array(mine.outputNorms[steps]) == theirs.outputNorms)
          for metric in Metric.allCases {
            let expected = mine[metric].dropFirst(steps.lowerBound).prefix(steps.count).map(\.bitPattern)
            let skipped = metric == .jaccardPrevious ? 1 : 0
            #expect(
              theirs[metric].map(\.bitPattern).dropFirst(skipped) == expected.dropFirst(skipped),
              "\(metric), \(left.configuration.label)")
          }
          #expect(theirs[.jaccardPrevious, 0].isNaN)
        }
      }
    }
  }

  /// A change of arithmetic or of the digest's own form shows here: raise the version where it is meant.
  @Test func theDigestOfASmallReplayStaysWhatItIs() throws {
    let folder = try TemporaryFolder()
    let hand = HandTrace(
      prompt: 270, decode: 6, window: 0, attention: .init(scale: 0.125, logitSoftcap: 20), seed: 9)
    let profile = try NaiveProfile(NaiveReplay(trace: hand), rows: [0, 3]).loaded(in: folder)
    let result = try Self.run(hand.trace(in: folder), ReplayOptions(profile: profile))
    #expect(result.exactResultsDigest == "f4ff9176c09f085c2028534d59da331d512b6cd81bb65dd749d384012d536663")
  }
}
