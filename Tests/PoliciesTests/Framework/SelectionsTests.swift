import Policies
import Testing

@Suite struct SelectionsTests {
  @Test func rowsComeBackAsAppended() {
    var selections = Selections()
    #expect(selections.rows == 0)
    selections.appendRow([Int32(1), 5, 9])
    selections.appendRow(0..<2, 7..<9)
    selections.appendRow(count: 2) { out in
      out[0] = 3
      out[1] = 4
    }
    selections.appendRow(count: 0) { _ in Issue.record("nothing to write") }
    selections.appendRow(2..<2)
    #expect(selections.rows == 5)
    #expect((0..<5).map { Array(selections[$0]) } == [[1, 5, 9], [0, 1, 7, 8], [3, 4], [], []])
    #expect((0..<5).map(selections.count) == [3, 4, 2, 0, 0])
    #expect(selections.offsets == [0, 3, 7, 9, 9, 9])
    #expect(selections.withTokens(1) { Array($0) } == [0, 1, 7, 8])
    #expect(selections.withTokens(4) { $0.count } == 0)
  }
}
