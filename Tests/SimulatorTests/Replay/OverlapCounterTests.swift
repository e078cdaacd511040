import Policies
import Testing

@testable import Simulator

@Suite struct OverlapCounterTests {
  @Test func countsAgreeWithSets() {
    var random = SeededRandom(11)
    var overlap = OverlapCounter(tokens: 40)
    for _ in 0..<100 {
      let sets = (0..<3).map { _ in Set((0..<random.below(30)).map { _ in random.below(40) }) }
      var selections = Selections()
      for set in sets { selections.appendRow(set.sorted().map(Int32.init)) }
      let common = selections.withTokens(0) { left in selections.withTokens(1) { overlap.common(left, $0) } }
      #expect(common == sets[0].intersection(sets[1]).count)
      #expect(overlap.union(selections, rows: [0, 2]) == sets[0].union(sets[2]).count)
      #expect(overlap.union(selections, rows: 0..<3) == sets[0].union(sets[1]).union(sets[2]).count)
      #expect(overlap.union(selections, rows: []) == 0)
    }
  }
}
