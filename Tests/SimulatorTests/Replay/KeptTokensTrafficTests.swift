import Attention
import Policies
import Pricing
import Testing

@testable import Simulator
@testable import Traces

/// What a policy keeps on the device is not fetched from the host, and pages are fetched as pages.
///
/// One KV head of three query heads, 64 channels of 2 bytes: a row is 128 bytes, 256 with its value.
@Suite struct KeptTokensTrafficTests {
  static let prompt = 600
  static let decode = 4

  static func hand(heads: Int = 3) -> HandTrace {
    HandTrace(
      prompt: prompt, decode: decode, window: 8,
      geometry: .init(layers: 1, queryHeads: heads, kvHeads: 1, headDim: 64, valueDim: 64),
      rope: .init(pairing: .half, base: 10_000, rotaryDim: 64))
  }

  static func traffic(_ text: String, budget: Budget, heads: Int = 3) throws -> (GroupWork, [HeadResult]) {
    let folder = try TemporaryFolder()
    let hand = hand(heads: heads)
    let profile = try NaiveProfile(NaiveReplay(trace: hand), rows: hand.decodeRows).loaded(in: folder)
    let result = try Replay(hand.trace(in: folder)).run(
      ReplayConfiguration.grid(PolicyGrammar.parse([text]), budgets: [budget]),
      options: ReplayOptions(profile: profile))
    let found = try #require(result.configurations.first)
    return (try #require(found.traffic.first), found.heads)
  }

  /// Bytes of chosen rows, keys and values together, a head and step.
  static func rows(_ traffic: GroupWork, _ tier: MemoryTier, heads: Int = 3) -> (perHead: Int, union: Int) {
    let gathered = traffic.work.sorted.filter {
      let kind = $0.operation.kind
      guard case .gather = kind.pattern else { return false }
      return kind.tier == tier && [.keys, .values].contains(kind.content)
    }
    return (
      gathered.reduce(0) { $0 + $1.bytes.readPerHead } / heads / decode,
      gathered.reduce(0) { $0 + $1.bytes.readGroupUnion } / decode
    )
  }

  /// Of 256 tokens 32 sinks and 128 last ones lie on the device: 96 rows of 256 bytes cross the link, not 256.
  @Test func pqCacheFetchesWhatItDoesNotKeep() throws {
    let (traffic, _) = try Self.traffic("pqcache:rounds=1", budget: .tokens(256))
    #expect(Self.rows(traffic, .host) == (24_576, 24_576))
    #expect(Self.rows(traffic, .device) == (160 * 256, 160 * 256))
    // Codes of 12 bits of all tokens and 64 centroids, and the tokens that stay; the rest lies on the host.
    #expect(traffic.residentDeviceBytes == 604 * 2 + 64 * 128 + 160 * 256)
    #expect(traffic.residentHostBytes == (604 - 160) * 256)
    // A new token joins the last ones, and as many leave for the host.
    for tier in MemoryTier.allCases {
      #expect(traffic.work.bytes[.init(.values, .stream, tier: tier)]?.written == Self.decode * 128)
    }
  }

  /// The initial 5 and the local 166 of 256 tokens stay; of 85 left a block of 60 comes, or what of it is neither.
  @Test func infLLMFetchesBlocks() throws {
    let (traffic, heads) = try Self.traffic("infllm:block=60", budget: .tokens(256))
    let fetched = Int(heads[0][.selected].reduce(0, +)) - Self.decode * 171
    #expect((1...Self.decode * 60).contains(fetched))
    #expect(Self.rows(traffic, .host).union == fetched * 256 / Self.decode)
    #expect(Self.rows(traffic, .device) == (171 * 256, 171 * 256))
    let piece = TrafficKind(.keys, .gather(rowBytes: 60 * 128), tier: .host)
    #expect(traffic.work.bytes[piece]?.readGroupUnion == fetched * 128)
    #expect(traffic.residentHostBytes == (604 - 171) * 256)
  }

  /// RetroInfer's decoded tokens never leave: 3 first, 20 last of the prompt and those decoded are on the device.
  @Test func retroInferFetchesClusters() throws {
    let (traffic, _) = try Self.traffic(
      "retroinfer:cluster=8,sinks=3,recent=20,rounds=1", budget: .tokens(100))
    // Steps see 1 to 4 decoded tokens.
    #expect(Self.rows(traffic, .device).union * Self.decode == (4 * 23 + 10) * 256)
    #expect(Self.rows(traffic, .host).union * Self.decode == (4 * 77 - 10) * 256)
    let piece = TrafficKind(.values, .gather(rowBytes: 8 * 128), tier: .host)
    #expect(traffic.work.bytes[piece]?.readGroupUnion == (4 * 77 - 10) * 128)
    #expect(traffic.work.sorted.allSatisfy { $0.operation.kind.tier == .device || $0.bytes.written == 0 })
    #expect(traffic.residentHostBytes == (604 - 27) * 256)
  }

  /// The last 2 chunks of 8, the one that grows among them, and 51 / 8 = 6 outlier chunks of 256 · 0.2 tokens.
  @Test func shadowKVKeepsOutliersAndLocalChunks() throws {
    let (traffic, heads) = try Self.traffic(
      "shadowkv:chunk=8,local=2,outlier-share=0.2", budget: .tokens(256))
    // 601 to 604 tokens: 1 to 4 of the last chunk and 8 before it; of what is left of 256 whole chunks.
    let held = [9, 10, 11, 12].map { $0 + 48 }
    let chosen = [9, 10, 11, 12].map { $0 + (256 - $0) / 8 * 8 }
    #expect(Array(heads[0][.selected]) == chosen.map(Double.init))
    #expect(Self.rows(traffic, .device).union * 4 == held.reduce(0, +) * 256)
    #expect(Self.rows(traffic, .host).union * 4 == (chosen.reduce(0, +) - held.reduce(0, +)) * 256)
    #expect(traffic.residentHostBytes == (604 - 60) * 256)
  }

  /// MagicPIG's sinks and last tokens, all decoded ones among them, are not fetched.
  @Test func magicPIGFetchesWhatItSamples() throws {
    let (traffic, heads) = try Self.traffic(
      "magicpig:bits=4,tables=20,sinks=4,recent=10,dense-layers=0", budget: .tokens(1))
    let chosen = heads.reduce(0.0) { $0 + $1[.selected].reduce(0, +) }
    let rows = traffic.work.sorted.filter { $0.operation.kind.content == .values }
    let host = rows.first { $0.operation.kind.tier == .host }?.bytes.readPerHead ?? 0
    #expect(host == (Int(chosen) - 3 * (4 * 14 + 10)) * 128 && host > 0)
    #expect(traffic.work.sorted.allSatisfy { $0.operation.kind.tier == .device || $0.bytes.written == 0 })
  }

  /// 8 of 32 chunks are 16 of 64 channels: of 256 bytes a token 224 cross the link, and 32 of the key lie on the device.
  @Test func dominantChannelsAreNotFetchedAgain() throws {
    let (traffic, _) = try Self.traffic("fasa:cache=host,chunks=8", budget: .tokens(100), heads: 1)
    let steps = Self.decode
    // The newest token, should it be chosen, was made on the device.
    let host =
      try #require(
        traffic.work.bytes[.init(.values, .gather(rowBytes: 128), tier: .host)]
      ).readPerHead / 128
    #expect((99 * steps...100 * steps).contains(host))
    #expect(
      traffic.work.bytes[.init(.keys, .gather(rowBytes: 96), tier: .host)]?.readPerHead == host * 96)
    #expect(traffic.work.bytes[.init(.keys, .gather(rowBytes: 32))]?.readPerHead == host * 32)
    #expect(Self.rows(traffic, .host, heads: 1).perHead * steps == host * 224)
    // The host holds the rest of the keys; a new token's goes there.
    #expect(traffic.work.bytes[.init(.keys, .stream, tier: .host)]?.written == steps * 96)
    #expect(traffic.residentHostBytes == 603 * 224)
    #expect(traffic.residentDeviceBytes == 604 * 32 + 256)
  }

  /// Heads that rank other chunks have more of a key on the device between them.
  @Test func aGroupsDominantChannelsAreThoseOfAllItsHeads() throws {
    let group = try Self.traffic("fasa:cache=host,chunks=8", budget: .tokens(100)).0
    let keys = group.work.sorted.first {
      if case .gather = $0.operation.kind.pattern {
        $0.operation.kind.tier == .host && $0.operation.kind.content == .keys
      } else {
        false
      }
    }
    guard case .gather(let rowBytes)? = keys?.operation.kind.pattern else {
      Issue.record("no keys come over the link")
      return
    }
    #expect(rowBytes < 96 && rowBytes >= 128 - 3 * 32)
  }

  /// Rows of a page come as one piece; what is counted is what was chosen, should the last page be partial.
  @Test(arguments: [
    ("quest:page=16,dense-layers=0", 16), ("quest-meanstd:page=5,dense-layers=0", 5), ("arkvale:page=4", 4),
    ("quest:page=1,dense-layers=0", 1), ("rocketkv:page=3", 3), ("pyramidkv:base=quest", 16), ("fasa", 1),
    ("sparq", 1),
  ]) func pagesAreGatheredAsPages(text: String, page: Int) throws {
    let (traffic, heads) = try Self.traffic(text, budget: .tokens(101))
    let chosen = heads.reduce(0.0) { $0 + $1[.selected].reduce(0, +) }
    for content in [TrafficContent.keys, .values] {
      let kind = TrafficKind(content, .gather(rowBytes: page * 128))
      #expect(traffic.work.bytes[kind]?.readPerHead == Int(chosen) * 128, "\(text)")
    }
  }

  /// A price takes pieces from what is stored, so that pages cost less than as many single rows.
  @Test func pricesFollowThePieces() throws {
    let (traffic, _) = try Self.traffic("quest:page=16,dense-layers=0", budget: .tokens(96))
    let entries = traffic.work.sorted.map {
      StepShape.Entry(
        operation: $0.operation, readPerHead: Double($0.bytes.readPerHead) / 4,
        readGroupUnion: Double($0.bytes.readGroupUnion) / 4, written: Double($0.bytes.written) / 4)
    }
    let shape = StepShape(
      policyKind: .selection, budget: .tokens(96), prefetches: false, visible: 602.5, selected: 96,
      groupSize: 3, headDim: 64, valueDim: 64, elementBytes: 2, entries: entries, visibleAtEnd: 604,
      residentDeviceBytes: 1,
      residentHostBytes: 0)
    let load = shape.load(
      PricedGeometry(layers: 1, queryHeads: 3, kvHeads: 1, headDim: 128, elementBytes: 2, context: 602.5),
      reading: .groupUnion)
    #expect(load.attend.count == 2 && load.attend.allSatisfy { $0.pieceBytes == 16 * 256 })
  }
}
