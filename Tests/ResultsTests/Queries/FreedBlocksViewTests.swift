import GRDB
import Simulator
import Testing

@testable import Results

struct FreedBlocksViewTests {
  @Test func theSummarySaysWhichShareOfAllLayersIsFree() throws {
    let store = try ResultsStore.inMemory()
    let configurations = [
      try Samples.configuration(
        "h2o",
        freed: [FreedBlocks(layer: 0, blocks: 20, freed: 5), FreedBlocks(layer: 4, blocks: 20, freed: 0)]),
      try Samples.configuration("fasa"),
    ]
    try store.store(Samples.result(configurations), run: try store.beginRun(Samples.run), detail: .head)
    #expect(try store.summaries().map(\.freedBlockShare) == [0.125, nil])
    let rows = try store.read { try Row.fetchAll($0, sql: "SELECT * FROM freed_blocks ORDER BY layer") }
    #expect(rows.map { $0["layer"] as Int } == [0, 4] && rows.map { $0["freed"] as Int } == [5, 0])
    #expect(rows.allSatisfy { $0["block_tokens"] == 16 && $0["blocks"] == 20 })
  }
}
