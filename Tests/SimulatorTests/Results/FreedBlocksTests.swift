import Policies
import TestSupport
import Testing

@testable import Simulator

/// Blocks that nobody holds any more, against those worked out by hand.
@Suite struct FreedBlocksTests {
  static func held(_ rows: [[Int32]]) -> Selections {
    var result = Selections()
    for row in rows { result.appendRow(row) }
    return result
  }

  @Test func aBlockIsFreedOnceEveryHeadLetsGoOfIt() {
    let (first, second) = (Self.held([[0, 33], [1, 70]]), Self.held([[5, 15], [79, 80]]))
    // Blocks 0, 2, 4 and 5 of 0 to 5 are held.
    #expect(
      FreedBlocks(layer: 3, held: [first, second], of: 0..<81) == FreedBlocks(layer: 3, blocks: 6, freed: 2))
    #expect(FreedBlocks(layer: 3, held: [first, nil], of: 0..<81).freed == 0)
    // A window that begins within block 1.
    #expect(
      FreedBlocks(layer: 0, held: [Self.held([[70]])], of: 20..<81)
        == FreedBlocks(layer: 0, blocks: 5, freed: 4))
  }

  static func freed(_ policy: String, heads: [Int]? = nil, budget: Int = 12) throws -> [FreedBlocks] {
    let folder = try TemporaryFolder()
    let trace = try HandTrace(prompt: 300, decode: 10).trace(in: folder)
    var options = ReplayOptions(threads: 2)
    options.heads = heads
    let result = try Replay(trace).run(
      ReplayConfiguration.grid(PolicyGrammar.parse([policy]), budgets: [.tokens(budget)]), options: options)
    return try #require(result.configurations.first).freed
  }

  /// 310 tokens are 20 blocks, of which first and last tokens hold two.
  @Test func sinksAndTheNewestHoldTheirBlocks() throws {
    let all = (0..<2).map { FreedBlocks(layer: $0, blocks: 20, freed: 18) }
    #expect(try Self.freed("streaming-llm:sinks=6") == all)
    let dense = [FreedBlocks(layer: 0, blocks: 20, freed: 0), FreedBlocks(layer: 1, blocks: 20, freed: 18)]
    #expect(try Self.freed("streaming-llm:sinks=6,dense-layers=1") == dense)
    #expect(try Self.freed("streaming-llm:sinks=6", budget: 400).map(\.freed) == [0, 0])
  }

  /// Two KV heads of three query heads, each with a set of its own, hold more blocks than one of them does.
  @Test func headsThatDifferHoldMore() throws {
    let own = try Self.freed("tova")
    for layer in own { #expect((1..<18).contains(layer.freed)) }
  }

  @Test(arguments: ["dense", "oracle", "fasa:chunks=100%", "pyramidkv:base=quest"])
  func whatDropsNothingFreesNothing(policy: String) throws {
    #expect(try Self.freed(policy).isEmpty)
  }

  @Test func headsThatWereLeftOutMayHoldAnything() throws {
    #expect(try Self.freed("streaming-llm", heads: [0]).isEmpty)
  }
}
