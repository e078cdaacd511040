import Attention
import Testing

@testable import Policies

/// Bytes beyond those of the chosen rows, by hand: two heads, 8 channels and values of 2 bytes, steps that see 4
/// and 5 tokens after a prompt of 3.
@Suite struct RivalBytesTests {
  static let trace = SmallTrace(positions: [3, 4]).complete(prompt: 3, window: 2)

  typealias Bytes = [TrafficKind: TrafficBytes]

  static func bytes(_ text: String, _ k: Int) throws -> Bytes {
    try trace.answer(text, budget: .tokens(k)).work.bytes
  }

  static func each(_ perHead: Int, _ union: Int, _ written: Int) -> TrafficBytes {
    TrafficBytes(readPerHead: perHead, readGroupUnion: union, written: written)
  }

  @Test func codesAndCentroids() throws {
    // 12 bits are 2 bytes a token, of 4 + 5 tokens, and 64 centroids of 8 channels a step.
    let found = try Self.bytes("pqcache", 2)
    #expect(
      found[.init(.metadata, .stream)] == Self.each(2 * (9 * 2 + 2 * 64 * 16), 9 * 2 + 2 * 64 * 16, 2 * 2))
    #expect(found[.init(.scores, .stream)] == Self.each(72, 72, 72))
  }

  @Test func clustersAndTheirSums() throws {
    // One token between the first and the last of the prompt is one cluster, estimated.
    let found = try Self.bytes("retroinfer:cluster=1,estimated=1,sinks=1,recent=1", 3)
    #expect(
      found == [
        .init(.metadata, .stream): Self.each(2 * 2 * 16, 2 * 16, 0),
        .init(.metadata, .gather(rowBytes: 16)): Self.each(2 * 2 * 16, 2 * 16, 0),
        .init(.scores, .stream): Self.each(16, 16, 16),
      ])
  }

  /// The numbers in the query's buckets, 4 bytes each, where 5 buckets begin and end, and projections on 5 times 2 bits.
  @Test func bucketsOfHashTables() throws {
    let found = try Self.bytes("magicpig:bits=2,tables=5,sinks=1,recent=0", 1)
    let tables = try Self.trace.tables()
    let hash = SimHash(tables, group: Self.trace.group, bits: 2, count: 5)
    var met = 0
    QueryBlock(try Self.trace.block(tables: tables), budgets: [4, 4]).meet(
      hash, tier: .host, among: { _ in 1..<3 }
    ) { _, hits in met += hits.reduce(0) { $0 + Int($1) } }
    #expect(met > 0)
    #expect(
      found == [
        .init(.metadata, .gather(rowBytes: 4), tier: .host): Self.each(met * 4, met * 4, 0),
        .init(.metadata, .gather(rowBytes: 8), tier: .host): Self.each(4 * 5 * 8, 4 * 5 * 8, 0),
        .init(.metadata, .stream): Self.each(2 * 2 * 10 * 16, 2 * 10 * 16, 0),
      ])
  }

  @Test func boundsOfWhatIsLeft() throws {
    // 4 / 2^.26 and 5 / 2.5^.279 leave 3 tokens each, two pages of 2, on three channels of one bound.
    #expect(
      try Self.bytes("rocketkv:page=2,channels=3", 1) == [
        .init(.metadata, .stream): Self.each(2 * 4 * 3 * 2, 4 * 3 * 2, 2 * 2 * 16),
        .init(.scores, .stream): Self.each(32, 32, 32),
      ])
    // 3 tokens over 2 are 1.5 left: single tokens, whose keys are their bounds, on 8 / 1.5 channels.
    #expect(
      try Self.bytes("rocketkv", 1) == [
        .init(.metadata, .stream): Self.each(2 * 6 * 5 * 2, 6 * 5 * 2, 2 * 16),
        .init(.scores, .stream): Self.each(48, 48, 48),
      ])
  }

  @Test func evictorsThatReadKeys() throws {
    #expect(
      try Self.bytes("keydiff", 3) == [
        .init(.keys, .stream): Self.each(6 * 16, 6 * 16, 0), .init(.state, .stream): Self.each(64, 64, 64),
      ])
    // Each step holds 4 before one goes; a number is kept for each of the 3 left.
    #expect(
      try Self.bytes("r-kv:window=1,buffer=1", 3) == [
        .init(.keys, .stream): Self.each(8 * 16, 8 * 16, 0), .init(.state, .stream): Self.each(24, 24, 24),
      ])
    #expect(
      try Self.bytes("triattention:round=1", 3) == [.init(.keys, .stream): Self.each(8 * 16, 8 * 16, 0)])
    // A round is at most half the budget.
    #expect(
      try Self.bytes("triattention:round=9", 3) == [.init(.keys, .stream): Self.each(8 * 16, 8 * 16, 0)])
  }

  @Test(arguments: [
    "snapkv", "expected-attention", "adakv", "pyramidkv", "duo-attention", "streaming-llm", "chunkkv",
  ])
  func thoseThatChoseBeforeReadNothing(name: String) throws { #expect(try Self.bytes(name, 3).isEmpty) }

  /// A chooser writes the numbers of 2 tokens for each of two heads and steps; who uses them reads them.
  @Test func numbersHandedOn() throws {
    var trace = Self.trace
    trace.layer = 2
    // Of 8 layers 3 is the correction layer by default.
    let configuration = try #require(PolicyGrammar.parse(["tidal:correction=7"]).first)
    var policy = try #require(try configuration.policy(for: trace.group) as? any LayerPolicy)
    for layer in [2, 3] {
      trace.layer = layer
      try policy.begin(layer: [trace.group])
      let view = QueryBlock(try trace.block(), budgets: [2, 2])
      _ = try policy.choose(layer: [view])
      let bytes = layer == 2 ? Self.each(0, 0, 2 * 2 * 2 * 4) : Self.each(2 * 2 * 2 * 4, 2 * 2 * 2 * 4, 0)
      var expected: Bytes = [.init(.metadata, .stream): bytes]
      // A chooser keeps the scores of 9 tokens and two heads, and reads them.
      if layer == 2 { expected[.init(.scores, .stream)] = Self.each(72, 72, 72) }
      #expect(view.work.bytes == expected)
    }
  }

  @Test func whatStaysResident() throws {
    func extra(_ text: String) throws -> [Int] {
      let policy = try PolicyGrammar.parse([text])[0].policy(for: Self.trace.group)
      let (device, host) = policy.residentExtraBytes(tokens: 64)
      return [device, host]
    }
    #expect(try extra("sparq") == [64 * 16, 0])
    #expect(try extra("loki") == [8 * 16, 0])
    #expect(try extra("double-sparsity:channels=4,labels=group") == [64 * 6, 0])
    #expect(try extra("double-sparsity:channels=4") == [64 * 6 * 2, 0])
    #expect(try extra("quest-meanstd") == [4 * 32, 0])
    // Digests on the device, all rows on the host.
    #expect(try extra("arkvale") == [2 * 32, 64 * 32])
    #expect(try extra("shadowkv") == [8 * 16, 0])
    #expect(try extra("infllm:block=16,representatives=2") == [4 * 16, 0])
    #expect(try extra("pqcache") == [64 * 2 + 64 * 16, 0])
    #expect(try extra("infinigen:ratio=2") == [64 * 2 * 2 * 2 + 2 * 2 * 16, 0])
    // Projections on the device; the prompt's 3 tokens in 5 tables.
    #expect(try extra("magicpig:bits=3,tables=5") == [5 * 3 * 16, 5 * (3 + 8) * 4])
    #expect(try extra("twilight:base=quest") == [4 * 32 + 64 * 8, 0])
    #expect(try extra("h2o") == [0, 0])
  }
}
