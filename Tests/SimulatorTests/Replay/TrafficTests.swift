import Attention
import Policies
import Testing
import Traces

@testable import Simulator

/// Bytes counted by hand: one KV head, two query heads, d 4, dv 2, f16, steps that see 7 and 8 tokens.
@Suite struct ReplayTrafficTests {
  typealias Bytes = (perHead: Int, union: Int, written: Int)

  /// Head 0 asks channel 0, head 1 channel 1; keys make them choose tokens 0-2 and 2-4, at both steps.
  static let hand: HandTrace = {
    var hand = HandTrace(
      prompt: 6, decode: 2, window: 0,
      geometry: .init(layers: 1, queryHeads: 2, kvHeads: 1, headDim: 4, valueDim: 2),
      rope: .init(pairing: .half, base: 10_000, rotaryDim: 4))
    hand.keys[0][0] = Array(repeating: [0, 0, 0, 0], count: 8)
    for token in 0...2 { hand.keys[0][0][token][0] = 1 }
    for token in 2...4 { hand.keys[0][0][token][1] = 1 }
    hand.queries[0] = [[[1, 0, 0, 0], [1, 0, 0, 0]], [[0, 1, 0, 0], [0, 1, 0, 0]]]
    return hand
  }()

  /// Head 0's best chunk is 0 (channels 0, 2), head 1's is 1 (channels 1, 3).
  static func profile(in folder: TemporaryFolder, _ agreement: [[Double]] = [[0.9, 0.1], [0.1, 0.9]]) throws
    -> LoadedProfile
  {
    var profile = try NaiveProfile(NaiveReplay(trace: hand), rows: hand.decodeRows).profile
    profile.layers[0].agreement = agreement
    return try LoadedProfile(path: folder.file(profile.encoded(), "profile.json"))
  }

  static func traffic(_ policy: String, agreement: [[Double]] = [[0.9, 0.1], [0.1, 0.9]]) throws
    -> GroupWork
  {
    let folder = try TemporaryFolder()
    let result = try Replay(hand.trace(in: folder)).run(
      ReplayConfiguration.grid(PolicyGrammar.parse([policy]), budgets: [.tokens(3)]),
      options: ReplayOptions(profile: profile(in: folder, agreement)))
    let found = try #require(result.configurations.first)
    #expect(found.traffic.count == 1)
    return try #require(found.traffic.first)
  }

  /// 2 steps append a key of 8 and a value of 4 bytes. 7 + 8 tokens are seen; 12 rows are chosen, in unions of 5.
  static let cases: [(policy: String, bytes: [String: Bytes], resident: Int)] = [
    ("dense", ["keys device stream": (240, 120, 16), "values device stream": (120, 60, 8)], 8 * 12),
    (
      // Reads every key to score, so does not gather keys again.
      "oracle",
      [
        "keys device stream": (240, 120, 16), "values device stream": (0, 0, 8),
        "scores device stream": (120, 120, 120), "values device gather-4": (48, 40, 0),
      ], 8 * 12
    ),
    (
      // Tokens 0, 6 and 7 at the last step: both heads keep the same, and nothing else is left.
      "streaming-llm:sinks=1",
      ["keys device stream": (96, 48, 16), "values device stream": (48, 24, 8)], 3 * 12
    ),
    (
      // Two heads of two channels each, of 2 bytes; each head's side cache grows by 4 bytes a step.
      "fasa:chunks=1",
      [
        "keys device stream": (0, 0, 16), "values device stream": (0, 0, 8),
        "metadata device stream": (120, 120, 16), "scores device stream": (120, 120, 120),
        "keys device gather-8": (96, 80, 0), "values device gather-4": (48, 40, 0),
      ], 8 * (12 + 8)
    ),
    (
      "fasa:chunks=1,layout=planes",
      [
        "keys device stream": (0, 0, 16), "values device stream": (0, 0, 8),
        "metadata device stream": (120, 120, 16), "scores device stream": (120, 120, 120),
        "keys device gather-8": (96, 80, 0), "values device gather-4": (48, 40, 0),
      ], 8 * (12 + 8)
    ),
    (
      "fasa:chunks=1,layout=rows",
      [
        "keys device stream": (0, 0, 16), "values device stream": (0, 0, 8),
        "keys device gather-2": (120, 120, 0),
        "scores device stream": (120, 120, 120), "keys device gather-8": (96, 80, 0),
        "values device gather-4": (48, 40, 0),
      ], 8 * 12
    ),
  ]

  @Test(arguments: cases.indices) func everyByteIsCharged(index: Int) throws {
    let (policy, expected, resident) = Self.cases[index]
    let found = try Self.traffic(policy)
    #expect(Set(found.work.bytes.keys.map(\.sortKey)) == Set(expected.keys), "\(policy)")
    for (kind, bytes) in found.work.bytes {
      let want = try #require(expected[kind.sortKey])
      #expect(
        [bytes.readPerHead, bytes.readGroupUnion, bytes.written] == [want.perHead, want.union, want.written],
        "\(policy): \(kind.sortKey)")
    }
    #expect(found.residentDeviceBytes == resident, "\(policy)")
    #expect(found.residentHostBytes == 0)
  }

  /// Heads that rank the same chunk first read and keep one side cache between them.
  @Test func aSharedSideCacheIsReadOnceByTheGroup() throws {
    let found = try Self.traffic("fasa:chunks=1", agreement: [[0.9, 0.1], [0.9, 0.1]])
    let bytes = try #require(found.work.bytes[.init(.metadata, .stream)])
    #expect([bytes.readPerHead, bytes.readGroupUnion, bytes.written] == [120, 60, 8])
    #expect(found.residentDeviceBytes == 8 * (12 + 4))
  }

  @Test func denseIsCountedBesideEveryReplay() throws {
    let folder = try TemporaryFolder()
    let result = try Replay(Self.hand.trace(in: folder)).run(
      ReplayConfiguration.grid(PolicyGrammar.parse(["random", "dense"]), budgets: [.tokens(3)]),
      options: ReplayOptions())
    let dense = try #require(result.dense.first)
    #expect(dense.work.total == TrafficBytes(readPerHead: 360, readGroupUnion: 180, written: 24))
    #expect(dense.work == result.configurations.last?.traffic.first?.work)
    #expect(dense.residentDeviceBytes == 96)
  }

  /// f32 rows are twice as long; bytes follow the trace's own type.
  @Test func bytesFollowTheElementType() throws {
    let folder = try TemporaryFolder()
    let result = try Replay(Self.hand.trace(in: folder, element: .f32)).run(
      ReplayConfiguration.grid(PolicyGrammar.parse(["dense"]), budgets: []), options: ReplayOptions())
    #expect(
      result.dense.first?.work.total == TrafficBytes(readPerHead: 720, readGroupUnion: 360, written: 48))
  }
}
