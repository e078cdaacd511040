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
      // Any number of ranges, which touch or do not.
      let cuts = Set((0..<2 * random.below(4)).map { _ in random.below(40) }).sorted()
      let ranges = stride(from: 0, to: cuts.count - 1, by: 2).map { cuts[$0]..<cuts[$0 + 1] }
      for rows in [[0, 2], [0, 1, 2], [1], []] {
        let all = rows.reduce(Set<Int>()) { $0.union(sets[$1]) }
        let found = overlap.union(selections, rows: rows, within: ranges)
        #expect(found.all == all.count)
        #expect(found.held == all.filter { token in ranges.contains { $0.contains(token) } }.count)
      }
    }
  }
}
