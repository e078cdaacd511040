import Policies
import Simulator
import Testing

@testable import Experiments

/// Blocks share what can be shared, and are as many as a trace's length asks for.
struct ReplayBlocksTests {
  private func blocks(_ policies: [String], budgets: Int, size: Int, of places: [Int]? = nil) throws
    -> [[Int]]
  {
    let grid = try ReplayConfiguration.grid(
      PolicyGrammar.parse(policies), budgets: (1...budgets).map { .tokens($0) })
    var blocks = ReplayBlocks(places ?? Array(grid.indices), of: grid)
    var found: [[Int]] = []
    while let block = blocks.next(size) { found.append(block) }
    return found
  }

  @Test func aPolicysBudgetsStayTogether() throws {
    let found = try blocks(["random:sinks=1/2/3/4/5,oracle"], budgets: 10, size: 32)
    // What would be left is a block of its own only where it is worth one.
    #expect(found.map(\.count) == [30, 30])
    #expect(found.flatMap(\.self) == Array(0..<60))
  }

  @Test func moreBudgetsThanFitAreParted() throws {
    #expect(try blocks(["oracle"], budgets: 100, size: 32).map(\.count) == [32, 32, 36])
  }

  @Test func aSmallRestJoinsIn() throws {
    #expect(try blocks(["oracle"], budgets: 47, size: 32).map(\.count) == [47])
    #expect(try blocks(["oracle"], budgets: 48, size: 32).map(\.count) == [32, 16])
    #expect(try blocks(["oracle"], budgets: 3, size: 32, of: []).isEmpty)
  }

  /// Each way of walking a trace is paid for per block.
  @Test func policiesThatWalkAlikeComeTogether() throws {
    let found = try blocks(["tidal", "oracle", "adakv", "random"], budgets: 10, size: 10)
    #expect(found.flatMap(\.self).sorted() == Array(0..<40))
    #expect(found[0] == Array(10..<20) && found[1] == Array(30..<40))
    #expect(found[2] == Array(20..<30) + Array(0..<10))
  }

  @Test func theSizeFollowsTheTime() {
    let size = BlockSize()
    #expect(size.count(weight: 100) == BlockSize.fewest)
    // With what reading the trace costs, half a second per configuration.
    size.took(11, configurations: 16, weight: 100)
    #expect(size.count(weight: 100) == BlockSize.fewest)
    size.took(0.22, configurations: 16, weight: 100)
    let expected = Int(BlockSize.seconds / 0.01) - 6
    #expect(abs(size.count(weight: 100) - expected) <= 1)
    // A trace of ten times the work.
    #expect(abs(size.count(weight: 1000) - (Int(BlockSize.seconds / 0.1) - 6)) <= 1)
    size.took(0, configurations: 16, weight: 100)
    #expect(size.count(weight: 100) > 1_000_000)
  }
}
