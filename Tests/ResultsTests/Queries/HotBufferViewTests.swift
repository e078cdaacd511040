import Attention
import GRDB
import Simulator
import Testing

@testable import Results

/// What hot buffers found, against numbers worked by hand.
struct HotBufferViewTests {
  private static func store(detail: ResultsStore.Detail = .step) throws -> ResultsStore {
    let host = TrafficKind(.keys, .gather(rowBytes: 128), tier: .host)
    let moved = TrafficBytes(readPerHead: 512, readGroupUnion: 512)
    let store = try ResultsStore.inMemory()
    let configurations = [
      try Samples.configuration(
        "fasa:hot=64,hot-order=clock",
        heads: [0, 1].map { layer in Samples.head(layer: layer) { _, _ in 0.5 } },
        traffic: [
          Samples.traffic([(host, moved)]).finding([(3, 1), (2, 2)]),
          Samples.traffic(layer: 1, [(host, moved)]).finding([(0, 4), (4, 0)]),
        ]),
      try Samples.configuration(
        "fasa", heads: [0, 1].map { layer in Samples.head(layer: layer) { _, _ in 0.5 } }),
    ]
    try store.store(
      Samples.result(layers: [0, 1], configurations), run: try store.beginRun(Samples.run), detail: detail)
    return store
  }

  @Test func theViewAddsUpTheGroups() throws {
    let store = try Self.store()
    let row = try #require(try store.read { try Row.fetchAll($0, sql: "SELECT * FROM hot_buffers") }.first)
    #expect(row["label"] == "fasa:hot=64,hot-order=clock @ 4")
    #expect(row["buffer_tokens"] == 64 && row["replacement"] == "clock")
    #expect(row["page_tokens"] == 1 && row["start"] == "first")
    #expect(row["hit_share"] == 9.0 / 16 && row["misses"] == 7.0 / 4)
    // Of 0 and 4, and of 1 and 2.
    #expect(row["misses_p95"] == 3.8 && row["misses_max"] == 4)
    #expect(row["link_bytes_per_step"] == 512)
    let summaries = try store.summaries()
    #expect(summaries.map(\.hotHitShare) == [9.0 / 16, nil] && summaries.map(\.hotMisses) == [1.75, nil])
  }

  @Test func stepsAreKeptWhereTheyAreAskedFor() throws {
    let steps = try Self.store().read {
      try Row.fetchAll($0, sql: "SELECT * FROM hot_steps ORDER BY layer, step")
    }
    #expect(steps.map { $0["misses"] as Int } == [1, 2, 4, 0])
    #expect(steps.map { $0["position"] as Int } == [9, 10, 9, 10])
    let none = try Self.store(detail: .head).read {
      try Int.fetchOne($0, sql: "SELECT count(*) FROM hot_steps")
    }
    #expect(none == 0)
  }
}
