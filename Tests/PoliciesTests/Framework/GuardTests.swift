import Policies
import Testing

@Suite struct GuardTests {
  @Test(arguments: [
    (Guard(), 0..<10, 4, [0..<0, 0..<10, 10..<10]),
    (Guard(sinks: 2, recent: 3), 0..<10, 6, [0..<2, 2..<7, 7..<10]),
    // A sliding window: the first tokens are those of the window.
    (Guard(sinks: 2, recent: 3), 5..<15, 6, [5..<7, 7..<12, 12..<15]),
    // Sinks come first where the budget cannot hold both.
    (Guard(sinks: 2, recent: 3), 0..<10, 4, [0..<2, 2..<8, 8..<10]),
    (Guard(sinks: 4, recent: 3), 0..<10, 3, [0..<3, 3..<10, 10..<10]),
    // More than there are.
    (Guard(sinks: 20, recent: 20), 0..<10, 10, [0..<10, 10..<10, 10..<10]),
    (Guard(sinks: 4, recent: 20), 0..<10, 10, [0..<4, 4..<4, 4..<10]),
  ])
  func splits(guarded: Guard, visible: Range<Int>, budget: Int, parts: [Range<Int>]) {
    let (sinks, middle, recent) = guarded.split(visible, budget: budget)
    #expect([sinks, middle, recent] == parts)
  }

  @Test func partsJoinUpAndTheGuardedOnesFitTheBudget() {
    for (sinks, recent) in [(0, 0), (3, 0), (0, 3), (2, 5), (9, 9)] {
      for count in 1...12 {
        for budget in 1...count {
          let parts = Guard(sinks: sinks, recent: recent).split(7..<7 + count, budget: budget)
          #expect(parts.sinks.lowerBound == 7 && parts.sinks.upperBound == parts.middle.lowerBound)
          #expect(parts.middle.upperBound == parts.recent.lowerBound && parts.recent.upperBound == 7 + count)
          #expect(parts.sinks.count == min(sinks, budget))
          #expect(parts.recent.count == min(recent, budget - parts.sinks.count))
        }
      }
    }
  }
}
