import Attention
import Testing

@testable import Policies

/// Bytes by hand: two heads, 8 channels of 2 bytes, two steps that see 4 and 5 tokens, 9 in all.
@Suite struct FASATrafficTests {
  /// Head 4 ranks chunks 0, 1, head 5 ranks 1, 2: channels 0 1 4 5 and 1 2 5 6.
  static let apart: [[Double]] = [[0.9, 0.8, 0, 0], [0, 0.9, 0.8, 0]]
  static let alike: [[Double]] = [[0.9, 0.8, 0, 0], [0.9, 0.8, 0, 0]]

  static func trace(_ agreement: [[Double]]) -> SmallTrace {
    var trace = SmallTrace(positions: [3, 4])
    let values = [[Double]](repeating: [0, 0, 0, 0], count: 4) + agreement
    trace.agreement = ContextualAgreement(
      slices: .rope, pairing: .half, values: [.init(layer: trace.layer, window: 256): values])
    return trace
  }

  static func bytes(_ agreement: [[Double]], _ settings: String) throws -> [TrafficKind: TrafficBytes] {
    let work = try trace(agreement).answer("fasa:chunks=2,\(settings)", budget: .tokens(2)).work
    return work.bytes.filter { $0.value != TrafficBytes() }
  }

  /// 9 tokens × 2 heads × 4 bytes, written by the score pass and read by the selection.
  static let scores = TrafficBytes(readPerHead: 9 * 2 * 4, readGroupUnion: 9 * 2 * 4, written: 9 * 2 * 4)

  @Test func packedSideCachesOfTheirOwn() throws {
    // Each head streams 4 channels × 2 bytes of 9 tokens, from a cache of its own; both caches take
    // each step's new token.
    let side = TrafficBytes(
      readPerHead: 9 * (4 + 4) * 2, readGroupUnion: 9 * (4 + 4) * 2, written: 2 * (4 + 4) * 2)
    #expect(
      try Self.bytes(Self.apart, "layout=packed")
        == [.init(.metadata, .stream): side, .init(.scores, .stream): Self.scores])
    #expect(try Self.resident(Self.apart, "layout=packed") == (4 + 4) * 2)
  }

  @Test func packedSideCacheThatHeadsShare() throws {
    let side = TrafficBytes(readPerHead: 9 * (4 + 4) * 2, readGroupUnion: 9 * 4 * 2, written: 2 * 4 * 2)
    #expect(
      try Self.bytes(Self.alike, "layout=packed")
        == [.init(.metadata, .stream): side, .init(.scores, .stream): Self.scores])
    #expect(try Self.bytes(Self.apart, "fc-scope=group") == Self.bytes(Self.alike, "layout=packed"))
    #expect(try Self.resident(Self.alike, "layout=packed") == 4 * 2)
  }

  @Test func planesHoldEveryChannelAndAreReadOnce() throws {
    // The union 0 1 2 4 5 6 has 6 channels; a new token writes all 8.
    let side = TrafficBytes(readPerHead: 9 * (4 + 4) * 2, readGroupUnion: 9 * 6 * 2, written: 2 * 8 * 2)
    #expect(
      try Self.bytes(Self.apart, "layout=planes")
        == [.init(.metadata, .stream): side, .init(.scores, .stream): Self.scores])
    #expect(try Self.resident(Self.apart, "layout=planes") == 8 * 2)
  }

  @Test func rowsKeepNothingAndGatherSingleElements() throws {
    let side = TrafficBytes(readPerHead: 9 * (4 + 4) * 2, readGroupUnion: 9 * 6 * 2)
    #expect(
      try Self.bytes(Self.apart, "layout=rows")
        == [.init(.keys, .gather(rowBytes: 2)): side, .init(.scores, .stream): Self.scores])
    #expect(try Self.resident(Self.apart, "layout=rows") == 0)
  }

  @Test(arguments: ["oracle", "oracle-mass"]) func oraclesStreamEveryKey(name: String) throws {
    // 9 tokens × 8 channels × 2 bytes for each of two heads, or once for the group.
    let keys = TrafficBytes(readPerHead: 9 * 8 * 2 * 2, readGroupUnion: 9 * 8 * 2)
    let work = try Self.trace(Self.apart).answer(name, budget: .tokens(2)).work
    #expect(work.bytes == [.init(.keys, .stream): keys, .init(.scores, .stream): Self.scores])
  }

  /// A window of 3 tokens: the two steps see 3 each.
  @Test func aSlidingWindowIsChargedForWhatItSees() throws {
    let work = try SmallTrace(positions: [3, 4], window: 3).answer("oracle", budget: .tokens(2)).work
    #expect(
      work.bytes == [
        .init(.keys, .stream): TrafficBytes(readPerHead: 6 * 8 * 2 * 2, readGroupUnion: 6 * 8 * 2),
        .init(.scores, .stream): TrafficBytes(
          readPerHead: 6 * 2 * 4, readGroupUnion: 6 * 2 * 4, written: 6 * 2 * 4),
      ])
  }

  @Test func chargesDoNotDependOnTheBlocks() throws {
    let trace = Self.trace(Self.apart)
    for text in ["fasa:chunks=2", "fasa:chunks=2,layout=rows,scope=group", "oracle", "oracle-mass"] {
      #expect(try trace.answer(text, blockSteps: 1) == trace.answer(text, blockSteps: 2))
    }
  }

  @Test func theTimedScorePassIsTheSamePass() throws {
    let configuration = try #require(PolicyGrammar.parse(["fasa:chunks=2,layout=planes"]).first)
    let policy = try configuration.policy(for: Self.trace(Self.apart).group)
    #expect(policy.scorePass() == .channels([[0, 1, 4, 5], [1, 2, 5, 6]], layout: .planes))
    #expect(
      try PolicyConfiguration(Oracle.self).policy(for: Self.trace(Self.apart).group).scorePass() == .full)
  }

  private static func resident(_ agreement: [[Double]], _ settings: String) throws -> Int {
    let configuration = try #require(PolicyGrammar.parse(["fasa:chunks=2,\(settings)"]).first)
    let extra = try configuration.policy(for: trace(agreement).group).residentExtraBytesPerToken()
    #expect(extra.host == 0)
    return extra.device
  }
}
