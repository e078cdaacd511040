import Attention
import Policies
import TestSupport
import Testing

@testable import Simulator

/// A replay whose cache lies on the host behind a buffer: the same choices, other bytes.
@Suite struct HotBufferReplayTests {
  static let hand = HandTrace(
    prompt: 60, decode: 9, geometry: .init(layers: 1, queryHeads: 4, kvHeads: 2, headDim: 16, valueDim: 8),
    seed: 5)

  static func run(_ policies: [String]) throws -> [ConfigurationResult] {
    let folder = try TemporaryFolder()
    let trace = try hand.trace(in: folder)
    return try Replay(trace).run(
      ReplayConfiguration.grid(PolicyGrammar.parse(policies), budgets: [.tokens(20)]),
      options: ReplayOptions(threads: 2)
    ).configurations
  }

  /// What SGLang's buffer does, spelt out: hits stay, misses take the places of what was read longest ago, and count as
  /// read before the hits.
  static func naive(_ sets: [Set<Int>], room: Int) -> [HotBufferStep] {
    var order = Array(0..<room)
    return sets.map { chosen in
      let hits = order.filter(chosen.contains).sorted()
      let misses = chosen.subtracting(order).sorted()
      // What there is no room for goes by.
      let kept = misses.prefix(room - hits.count)
      var others = order.filter { !chosen.contains($0) }
      others.removeFirst(max(0, others.count + hits.count + kept.count - room))
      order = others + kept + hits
      return HotBufferStep(hits: hits.count, misses: misses.count)
    }
  }

  @Test func findsWhatAPlainListWouldAndMovesTheRest() throws {
    let found = try Self.run(["oracle:sinks=2", "oracle:sinks=2,hot=24"])
    let (plain, buffered) = (found[0], found[1])
    #expect(plain.traffic.allSatisfy { $0.hotSteps.isEmpty })
    #expect(plain.heads.map(\.choiceHashes) == buffered.heads.map(\.choiceHashes))
    let naive = NaiveReplay(trace: Self.hand)
    for group in buffered.traffic {
      let rows = Self.hand.decodeRows
      let sets = rows.map { row in
        let heads = (0..<2).map {
          naive.sets(buffered.configuration, layer: 0, head: group.kvHead * 2 + $0, rows: [row], chunks: [])[
            0]
        }
        // Sinks and the newest token lie on the device.
        return heads[0].union(heads[1]).filter { $0 >= 2 && $0 != Self.hand.positions[row] }
      }
      #expect(group.hotSteps == Self.naive(sets, room: 24))
      let misses = group.hotSteps.reduce(0) { $0 + $1.misses }
      #expect(misses > 0 && group.hotSteps.contains { $0.hits > 0 })
      let (key, value) = (16 * 2, 8 * 2)
      let host = group.work.bytes.filter { $0.key.tier == .host }
      #expect(host.values.reduce(0) { $0 + $1.readGroupUnion } == misses * (key + value))
      #expect(host.values.reduce(0) { $0 + $1.readPerHead } == misses * (key + value))
      // New tokens go to the host in the end, and are made on the device.
      #expect(host.values.reduce(0) { $0 + $1.written } == rows.count * (key + value))
      let near = group.work.bytes.filter { $0.key.tier == .device }
      let own = try #require(plain.traffic.first { $0.kvHead == group.kvHead }).work.total
      #expect(near.values.reduce(0) { $0 + $1.readPerHead } == own.readPerHead)
      // Scores, as without a buffer, and what comes into it in place of the new tokens.
      let written = own.written + (misses - rows.count) * (key + value)
      #expect(near.values.reduce(0) { $0 + $1.written } == written)
      // The buffer, two sinks and the newest token; the host holds what the device does not keep for good.
      #expect(group.residentDeviceBytes == (24 + 3) * (key + value))
      #expect(group.residentHostBytes == (69 - 3) * (key + value))
    }
  }

  @Test func aStepThatSeesAllLiesOnTheDevice() throws {
    let found = try Self.run(["dense:hot=8", "quest:hot=8,page=4,dense-layers=1", "dense"])
    for (group, plain) in zip(found[0].traffic, found[2].traffic) {
      #expect(group.hotSteps == Array(repeating: HotBufferStep(hits: 0, misses: 0), count: 9))
      #expect(group.work == plain.work && group.residentDeviceBytes == plain.residentDeviceBytes)
    }
    #expect(found[1].traffic.allSatisfy { $0.hotSteps.allSatisfy { $0.misses == 0 } })
  }

  /// A larger buffer, or one that knows the future, misses less; pages of a page policy come whole.
  @Test func ordersAndRoomMatter() throws {
    func misses(_ policy: String) throws -> Int {
      try Self.run([policy])[0].traffic.reduce(0) { $0 + $1.hotSteps.reduce(0) { $0 + $1.misses } }
    }
    let bound = try misses("oracle:hot=24,hot-order=belady")
    for order in ["lru", "clock", "fifo", "lfu"] {
      #expect(try misses("oracle:hot=24,hot-order=\(order)") >= bound)
    }
    #expect(try misses("oracle:hot=60") < misses("oracle:hot=24"))
    #expect(try misses("oracle:hot=24,hot-start=empty") > misses("oracle:hot=24"))
    #expect(try misses("quest:page=4,dense-layers=0,hot=24,hot-page=4") <= 9 * 2 * 10)
  }

  @Test(arguments: [
    ("streaming-llm:hot=8", "streaming-llm:hot=8: hot", "one that drops tokens"),
    ("oracle:hot=8,hot-page=16", "oracle:hot=8,hot-page=16: hot-page", "16"),
  ])
  func whatCannotBeIsRefused(policy: String, place: String, found: String) throws {
    let error = #expect(throws: PolicyError.self) { _ = try Self.run([policy]) }
    #expect(error?.place == place && error?.found == found)
  }
}
